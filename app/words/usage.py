"""Help of the handheld's command line."""

TABLE = {
    "main": (
        "巡更簿手持机:巡更、检查、报问题。不带命令就打开终端界面。",
        "The watch-keeper's book: rounds, checks and findings. Without a command the terminal interface opens.",
    ),
    "run": ("打开终端界面。", "The terminal interface."),
    "demo": (
        "不用任何硬件的完整演示:示例小区、模拟走动、本机上的办公室。",
        "The whole job with no hardware: an example site, a simulated walk, an office on this machine.",
    ),
    "enrol": (
        "用一次性登记码向办公室登记本机,并生成密钥。",
        "Introduce this handheld to the office with a one-use CODE; its keys are made here.",
    ),
    "sync": (
        "不开界面与办公室交换;一直运行,或用 --once 只做一次。",
        "Exchange with the office without a screen; keeps going until stopped, or --once.",
    ),
    "record": (
        "接收其他程序的记录:每行一个JSON对象,写牢后逐行回答。",
        "Record from another program: one JSON object a line in, one answer a line out once it is durable.",
    ),
    "log": ("本机的记录。", "The records of this book."),
    "verify": (
        "检查本机的记录本,或一个导出文件:链、密钥、签名、回执、见证、时钟。",
        "Check chain, keys, signatures, receipts, witnesses and clocks of this book or of an exported FILE.",
    ),
    "status": (
        "本机状况:身份、计划版本、还有什么没传到办公室。",
        "How this handheld stands: identity, plan, what the office does not have yet.",
    ),
    "scan": (
        "蓝牙正听到什么,已解码;带 --feed 时,数据文件里有什么。",
        "What the radio hears, decoded, live; with --feed, what the feed holds.",
    ),
    "keys": ("动作和按键表,与画面所用的是同一张。", "The table of actions and keys, the one the screens use."),
    "opt_help": ("显示这段说明。", "Show this."),
    "opt_version": ("显示版本。", "Show the version."),
    "opt_data_dir": ("记录本所在的目录。", "Where this handheld's book lives."),
    "opt_office": ("办公室的网址。", "Address of the office."),
    "opt_lang": ("给人看的文字用哪种语言。", "Language of what people read."),
    "opt_as_json": ("标准输出只给一个JSON文档。", "One JSON document on stdout, nothing else."),
    "opt_feed": ("用记录下来的数据代替蓝牙和扫码。", "Recorded sightings instead of the radio and the scanner."),
    "opt_no_office": ("不带办公室。", "Leave the office out."),
    "opt_speed": ("模拟走动加快N倍。", "The simulated walk, N times faster."),
    "opt_start": ("演示从当地几点开始。", "Local time at which the demonstration begins."),
    "opt_name": ("办公室里这台手持机叫什么。", "What the office shall call this handheld."),
    "opt_yes": ("还没走完的巡更也断掉。", "Even if a round is still being walked, which then ends."),
    "opt_once": ("只交换一次。", "One exchange, then end."),
    "opt_from_stdin": ("从标准输入读记录。", "Read records from standard input."),
    "opt_jsonl": ("按存储的原样,每行一条。", "As stored, one line each."),
    "opt_trust": ("记录本的首钥指纹必须是这个。", "First-key fingerprint the book must have."),
    "opt_seconds": ("听这么久就结束。", "Listen that long, then end."),
}

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
    "handoff": (
        "没有网络时:把办公室还没收到的记录存到 FOLDER(U盘等),并取回回执;--take 则代收别的手持机的文件。",
        "With no network: put what the office has no receipt for onto FOLDER (a USB stick, say) and take receipts from "
        "it; with --take, take other handhelds' files along.",
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
    "read": (
        "读图片里的码(QR 等):文字、剩余纠错。--json 时每张图片一行",
        "Tell the codes in pictures, and how worn they are. With --json one object a line and picture.",
    ),
    "doctor": (
        "逐项看本机的各个部件:正常、没有、或要做的一件事。",
        "Look at each part of this handheld: OK, not there, or the one thing to do.",
    ),
    "keys": ("动作和按键表,与画面所用的是同一张。", "The table of actions and keys, the one the screens use."),
    "opt_bundle": (
        "另写一个支持文件(zip):没有人名、密码和地址,可以发给维修人员。",
        "Write a support file too (a zip, without names, secrets or addresses) for whoever mends handhelds.",
    ),
    "opt_listen": (
        "听这么多秒,打印按下的侧键(设置 side_keys 用)。",
        "Listen that long and print the side keys pressed, for the setting side_keys.",
    ),
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
    "opt_take": ("代收别的手持机的转交文件。", "Take other handhelds' files along."),
    "opt_once": ("只交换一次。", "One exchange, then end."),
    "opt_from_stdin": ("从标准输入读记录。", "Read records from standard input."),
    "opt_jsonl": ("按存储的原样,每行一条。", "As stored, one line each."),
    "opt_trust": ("记录本的首钥指纹必须是这个。", "First-key fingerprint the book must have."),
    "opt_calibrate": (
        "站在读点,测这个点的信标在这里有多强,给出写进计划的near。",
        "Standing at the reading point, measure the tags of POINT: the level that the plan's near should be.",
    ),
    "opt_tag": ("要测的信标,还没写进计划时用。", "Which tag to measure, while the plan does not name it."),
    "opt_seconds": ("听这么久就结束。", "Listen that long, then end."),
}

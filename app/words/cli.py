"""Sentences of the command line."""

TABLE = {
    "bad_lang": ("语言只能是 zh 或 en,不能是 {lang}", "the language must be zh or en, not {lang}"),
    "bad_theme": (
        "主题只能是 day、night 或 sun,不能是 {theme}",
        "the theme must be day, night or sun, not {theme}",
    ),
    "bad_letters": (
        "字大小 letters 只能是 auto 或 large,不能是 {letters}",
        "letters must be auto or large, not {letters}",
    ),
    "bad_config": ("设置文件 {path} 有错:{why}", "the settings file {path} is wrong: {why}"),
    "not_kept": (
        "没存上,下次开机还是原来的({why})",
        "not saved: the next start has what was before ({why})",
    ),
    "bad_side_key": (
        "侧键要写成 设备:键码=动作(alarm 或 torch),不能是 {text}",
        "a side key is written DEVICE:CODE=ACTION (alarm or torch), not {text}",
    ),
    "keys_listening": ("请按要用的侧键({s}秒内)", "Press the side key now (within {s} s)"),
    "keys_none": (
        "没有收到按键;看不到设备时,请管理员给用户加 input 组",
        "No key was heard; where no device may be read, put the user into the group input",
    ),
    "not_enrolled": (
        "本机还没有登记。请向办公室要登记码,然后运行:watchbook enrol 登记码 --office 网址",
        "This handheld is not enrolled. Ask the office for a code, then: watchbook enrol CODE --office URL",
    ),
    "no_plan": (
        "还没有收到本小区的计划。联网后运行:watchbook sync --once",
        "The plan of this site has not arrived yet. With a network, run: watchbook sync --once",
    ),
    "page_unreadable": (
        "办公室发来的 {kind} 本机程序读不了。请更新本机程序",
        "What the office sent as {kind} cannot be read here. Update this program",
    ),
    "page_older": (
        "办公室新发来的 {kind} 本机程序读不了,仍用上一版。请更新本机程序",
        "The newest {kind} of the office cannot be read here; the one before stays in use. Update this program",
    ),
    "no_office": (
        "没有办公室地址。请加 --office 网址",
        "No office address. Add --office URL",
    ),
    "no_book": (
        "{folder} 里还没有记录本",
        "there is no book in {folder} yet",
    ),
    "enrolled": ("登记完成:手持机 {device},小区 {site}", "Enrolled: handheld {device}, site {site}"),
    "synced": ("已上传到第{seq}条,还有{pending}条未传", "The office holds up to record {seq}; {pending} not sent yet"),
    "line_not_json": ("第{line}行不是JSON对象", "line {line} is not a JSON object"),
    "line_too_long": ("第{line}行过长", "line {line} is too long"),
    "line_shape": (
        "第{line}行要有 kind(文字)、by(人员编号列表)、body(对象)",
        'line {line} needs "kind" (text), "by" (a list of person ids) and "body" (an object)',
    ),
    "file_unreadable": ("附件读不出:{file}", "the attachment cannot be read: {file}"),
    "text_apart": ("apart 要是文字", '"apart" must be text'),
    "key_twice": ("同一个字段写了两次", "a field stands there twice"),
    "kind_reserved": ("{kind} 只能由手持机自己记录", "{kind} is recorded by the handheld itself only"),
    "by_missing": ("{kind} 要写明是谁(by)", "{kind} needs who says it (by)"),
    "body_unfit": ("{kind} 的内容不合格式:{why}", "the body of {kind} does not fit: {why}"),
    "fingerprint": ("首钥指纹:{fingerprint}", "First-key fingerprint: {fingerprint}"),
    "feed_screen": ("有画面时不能用 --feed -", "--feed - cannot be used with a screen"),
    "demo_office_missing": (
        "没有安装办公室部分(pip install 'watchbook[office]'),演示只用手持机。",
        "The office is not installed (pip install 'watchbook[office]'); the demonstration goes on without it.",
    ),
    "demo_office_failed": (
        "办公室没能启动,演示只用手持机;原因见 {log}",
        "The office did not start; the demonstration goes on without it. The reason is in {log}",
    ),
    "demo_port_taken": (
        "端口{port}被占用,多半是上一次演示还开着:关掉它再来。这次演示只用手持机。",
        "Port {port} is taken, probably by a demonstration that is still open: close it and start again."
        " This one goes on without the office.",
    ),
    "demo_over": (
        "演示结束:走完{rounds}轮,记了{records}条,其中{sent}条已传到办公室。",
        "The demonstration is over. Rounds finished: {rounds}; records: {records}, at the office: {sent}.",
    ),
    "demo_kept": ("数据都在。接着演示:", "The data are kept. To go on:"),
    "demo_gone": ("数据是临时的,已经删掉。要留着:", "The data were temporary and are deleted. To keep them:"),
    "demo_folder": ("目录", "DIR"),
    "demo_onward": (
        "办公室自己的演示(一个月的巡更):\n{command}\n正式使用见README。",
        "The office's own demonstration, a month of rounds:\n{command}\nFor real use see the README.",
    ),
    "demo_office_starts": ("正在启动演示用的办公室,请稍候……", "Starting the demonstration's office ..."),
    "demo_others": ("别的岗位,密码同工号: {others}", "others, their number is the PIN: {others}"),
    "demo_other": ("{role}{number}", "{role} {number}"),
    "demo_and": ("、", ", "),
    "demo_sign_in": ("工号{number} 密码{pin}", "{number} PIN {pin}"),
    "listening": ("蓝牙在听", "the radio listens"),
    "bad_hour": ("时间要写成 22:00 这样,不能是 {text}", "a time is written like 22:00, not {text}"),
    "demo_desk": (
        "演示:传完后用浏览器看 {url} 账号 {user} 密码 {password}",
        "Demo: after the sync, open in a browser {url} user {user} password {password}",
    ),
    "damage": (
        "记录本有{count}处损坏,已另存,其余记录照常可用",
        "Damaged places set aside: {count}; all other records are in use",
    ),
    "status_book": ("记录本", "book"),
    "status_device": ("手持机", "handheld"),
    "status_site": ("小区", "site"),
    "status_office": ("办公室", "office"),
    "status_records": ("记录条数", "records"),
    "status_pending": ("未传条数", "not sent"),
    "status_oldest_pending_s": ("最早未传", "oldest not sent"),
    "status_last_ack": ("上次回执", "last receipt"),
    "status_last_reason": ("上次未传原因", "last reason"),
    "status_plan_revision": ("计划版本", "plan revision"),
    "status_clock_offset_ms": ("与办公室时钟差", "clock offset"),
    "status_storage_free_mb": ("可用空间", "free storage"),
    "status_ago": ("{span}前", "{span} ago"),
    "status_seconds": ("{seconds}秒", "{seconds} s"),
    "scan_encrypted": ("加密", "encrypted"),
    "scan_waits": ("现在听不到: {why}。还在等,按Ctrl+C结束", "Nothing can be heard: {why}. Still waiting; Ctrl+C ends"),
    "status_adapters": ("蓝牙适配器", "adapters"),
}

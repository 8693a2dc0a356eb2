"""Hand scanners: what a crew is told of them, and what is wrong with their settings.

Two lines of 38 cells at most, on a small screen.
"""

TABLE = {
    "unread": ("这不是本系统的码,或没读全:请再扫一次", "not one of our codes, or not read whole: scan it again"),
    "listens": ("扫码枪在,请扫", "the scanner is there: scan something"),
    "back": ("扫码枪接上了", "the scanner is there again"),
    "absent": ("找不到扫码枪:请插好;可先输短码", "no scanner there: plug it in, or type the short code"),
    "gone": ("扫码枪断开了:请插好;可先输短码", "scanner unplugged: plug it in, or type the short code"),
    "busy": (
        "扫码枪被别的程序占用:先输短码,并报管理员",
        "another program holds the scanner: tell the administrator",
    ),
    "failed": (
        "扫码枪用不了:先输短码,并报管理员",
        "the scanner cannot be used: tell the administrator",
    ),
    "denied_serial": (
        "无权用扫码枪(dialout组):先输短码,并报管理员",
        "no right to the scanner (group dialout): tell the administrator",
    ),
    "denied_evdev": (
        "无权用扫码枪(input组):先输短码,并报管理员",
        "no right to the scanner (group input): tell the administrator",
    ),
    "wrong_serial": (
        "设置的扫码枪不是串口:先输短码,并报管理员",
        "the scanner's path is no serial port: tell the administrator",
    ),
    "wrong_evdev": (
        "设置的扫码枪不是输入设备:先输短码,并报管理员",
        "the scanner's path is no input device: tell the administrator",
    ),
    "bad_kind": (
        "scanner 要写 wedge、serial:路径[@波特率] 或 evdev:路径,用逗号隔开,不能是 {text}",
        "scanner is wedge, serial:PATH[@BAUD] or evdev:PATH, commas between, not {text}",
    ),
    "bad_baud": (
        "扫码枪的波特率要是 9600 到 115200 的标准值,不能是 {text}",
        "a scanner's baud rate is a standard one from 9600 to 115200, not {text}",
    ),
    "bad_prefix": (
        "scan_prefix 要写 stx、f8 到 f24,或这些字符之一: {chars}。不能是 {name}",
        "scan_prefix is stx, f8 to f24 or one of these characters: {chars}. Not {name}",
    ),
    "bad_suffix": (
        "scan_suffix 要写 cr、lf、tab、etx(用逗号隔开),或 none,不能是 {name}",
        "scan_suffix is cr, lf, tab, etx with commas between, or none; not {name}",
    ),
    "bad_gap": (
        "scan_gap_ms 要是 {least} 到 {most} 的数,不能是 {gap}",
        "scan_gap_ms is a number from {least} to {most}, not {gap}",
    ),
}

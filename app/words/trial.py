"""A fitter's test sheet: what stands on it, and what the handheld answers to each of its codes."""

TABLE = {
    # the handheld's answer, two lines of 38 cells at most on a small screen
    "well": ("试扫第{field}格: 读得好({by})", "Test field {field} reads well ({by})"),
    "worn": (
        "试扫第{field}格: 读到了,但纠错只剩{health}%",
        "Test field {field} reads, with {health}% of its correction left",
    ),
    "read": ("试扫页第{field}格", "field {field} of the test sheet"),
    "by_": ("键盘式扫码枪", "types like a keyboard"),
    "by_serial": ("串口扫码枪", "serial scanner"),
    "by_evdev": ("独占扫码枪", "scanner held alone"),
    "by_camera": ("摄像头", "camera"),
    # the sheet
    "heading": ("扫码枪试扫页", "Test sheet for scanners"),
    "how": (
        "打印: 按实际大小(100%)。手持机开着任一页,逐格扫,格间放开扳机。扫到哪格,屏幕就答“试扫第几格: 读得好”。"
        "不用登录,什么也不记录。",
        "Print at actual size (100 %). With any page of the handheld open, scan field after field. The screen answers "
        "with the number of the field. Nobody needs to sign in, and nothing is recorded.",
    ),
    "wall": ("大标签 隔40厘米", "Large label, from 40 cm"),
    "usual": ("常用标签 隔25厘米", "Usual label, from 25 cm"),
    "small": ("小标签 隔20厘米", "Small label, from 20 cm"),
    "fine": ("模块0.5毫米 隔10厘米", "Modules of 0.5 mm, from 10 cm"),
    "finest": ("模块0.35毫米 隔8厘米", "Modules of 0.35 mm, from 8 cm"),
    "spoilt": ("污损标签: 也应读出", "Spoilt label: must read too"),
    "address": ("网址式标签", "Label that is an address"),
    "matrix": ("Data Matrix: 厂家铭牌", "Data Matrix: makers' plates"),
    "bars": ("Code 128: 厂家条码", "Code 128: makers' barcodes"),
    "size": ("{name},码边长{side}毫米", "{name}, code of {side} mm"),
    "trouble": ("读不好时", "When it does not read"),
    "no_answer": (
        "屏幕乱跳或没反应: 键盘布局设为美式英文(US),关掉输入法、大写锁定、大小写转换",
        "Pages jump, or nothing happens: set the keyboard to US English; no input method, Caps Lock or case conversion",
    ),
    "late": (
        "应答总慢一拍: 后缀设为回车(CR)。加不加 AIM 标识都可以",
        "Each answer comes late: set the suffix to CR. AIM identifiers may be on or off",
    ),
    "unread": (
        "答“没读全”: 字符间隔调到40毫秒以内,或在 config.toml 里调大 scan_gap_ms",
        '"Not read whole": at most 40 ms between characters, or a larger scan_gap_ms in config.toml',
    ),
    "too_fine": (
        "只有第4、5格读不了: 够用,标签用22毫米以上的。第3、6格也读不了: 换扫码枪",
        "Only 4 and 5 fail: good enough for labels of 22 mm and more. 3 or 6 fail too: another scanner",
    ),
    "no_makers": (
        "只有第8、9格读不了: 在扫码枪上打开 Data Matrix、Code 128;不扫厂家码就不用管",
        "Only 8 and 9 fail: switch Data Matrix and Code 128 on in the scanner, if makers' codes are to be read",
    ),
    "dark": (
        "摄像头不读: 靠近到码占画面三分之一,拿稳,用手电侧照",
        "A camera fails: near enough that the code fills a third of the picture, held still, lit from the side",
    ),
    "made": ("{path}:试扫页,已逐格读回检查", "{path}: the test sheet, every field read back"),
}

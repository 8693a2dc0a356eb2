"""Two handhelds that record the heads of each other's books."""

TABLE = {
    "title": ("两机互证", "Two handhelds"),
    "title_bright": ("两机互证 (二维码夜里会亮)", "Two handhelds (the QR is bright)"),
    "how": (
        "请对方扫本机的码,再扫对方的码;扫不了就互相念号码。以后哪本少了记录,都查得出。",
        "The other scans this code, then you scan theirs; or read the 16 digits to each other."
        " From then on it shows when records of either book are missing.",
    ),
    "why": ("互相扫码或念号码: 少了记录查得出", "Scan each other: gaps will show"),
    "this": ("本机 {book} 到第{seq}条", "This book {book}, up to record {seq}"),
    "other": ("扫或输对方的", "Scan/type theirs"),
    "record": ("记下", "record"),
    "recorded": ("已记: 记录本 {book} 到第{seq}条", "Recorded: book {book} up to {seq}"),
    "recorded_digits": ("已记: 对方号码 {start}..{end}", "Recorded: digits {start}..{end}"),
    "again": ("刚记过: 记录本 {book} 到第{seq}条", "Already recorded: {book} up to {seq}"),
    "again_digits": ("刚记过: 对方号码 {start}..{end}", "Already recorded: {start}..{end}"),
    "own": ("这是本机自己的,请扫或输对方的", "That is this handheld: scan or type the other's"),
    "no_head": ("这不是手持机的互证码", "This is not the code of another handheld"),
    "too_short": ("号码要{digits}位", "The code has {digits} digits"),
    "wrong_digit": ("有一位不对,请对方再念一遍", "A digit is wrong: have it read again"),
}

"""What the keys do."""

TABLE = {
    "choose": ("选择;在数字栏里输入数字", "choose; in a number field, type it"),
    "enter": ("常用的那一步:确认、都正常、下一个", "the common answer: confirm, all fine, next"),
    "back": ("删除;空栏时返回", "delete; on an empty field go back"),
    "menu": ("菜单:报问题、报警、语言、主题、上传、帮助", "menu: report, alarm, language, theme, sync, help"),
    "up": ("上一条", "one up"),
    "down": ("下一条", "one down"),
    "point": ("小数点(通常不用:位数已定)", "decimal point (rarely needed: decimals are fixed)"),
    "minus": ("负号", "minus sign"),
    "letter": ("字母在这里没有用: 按数字键", "Letters mean nothing here: use the digits"),
    "help": ("帮助", "help"),
    "report": ("报问题", "report a problem"),
    "theme": ("白天/夜间/强光", "day / night / bright sun"),
    "sync": ("马上上传", "sync now"),
    "language": ("中文/English", "中文/English"),
    "torch": ("手电开/关", "torch on / off"),
    "camera": ("摄像头扫码", "scan with the camera"),
    "quit": ("退出程序,记录都在(管理员用)", "leave the program; records are kept (administrator)"),
}

"""The camera and pictures of codes. On the small screen two lines of 38 cells at most."""

TABLE = {
    "no_picture": ("不是图片,或不认识这种格式", "not a picture, or of a kind that is not read here"),
    "too_large": (
        "图片超过 {most} 百万像素,请缩小后再读",
        "more than {most} megapixels: make it smaller and read it again",
    ),
    "too_big": ("文件超过 {most} MB,不读", "larger than {most} MB: not read"),
    "broken": ("图片损坏或不完整,请重新拷贝或重拍", "the picture is damaged or cut short: copy or take it again"),
    "no_file": ("不是文件", "not a file"),
    "not_there": ("没有这个文件", "no such file"),
    "no_access": ("打不开: {why}", "cannot be opened: {why}"),
    "no_code": ("没有找到码", "no code found"),
    "worn": ("已磨损,建议重印", "worn, print it anew"),
    "title": ("摄像头扫码", "Scan with the camera"),
    "key": ("摄像头扫码", "scan with the camera"),
    "how": ("把码放在中间,码占画面三分之一以上。", "Code in the middle, filling a third of the picture or more."),
    "starting": ("正在打开摄像头", "opening the camera"),
    "looking": ("正在找码", "looking for a code"),
    "hold": ("拿稳别动", "hold still"),
    "closer": ("靠近一点", "come closer"),
    "light": ("太暗,请照亮", "too dark: give it light"),
    "left": ("还有 {s} 秒", "{s} s left"),
    "nothing": ("没有扫到码。再试一次,或输短码", "no code read. Try again, or type the short code"),
    "again": ("再试", "try again"),
    "none": ("没有设置摄像头", "no camera is set up"),
    "absent": ("找不到摄像头或取图程序:输短码或用扫码枪", "no camera or its program: type the code or use the scanner"),
    "died": ("摄像头断了:按回车再试,或用扫码枪", "the camera stopped: Enter tries again, or use the scanner"),
    "stalled": (
        "摄像头没有画面:按回车再试,或用扫码枪",
        "no picture from the camera: Enter tries again, or use the scanner",
    ),
    "bad_setting": (
        "camera 要写 v4l2:设备、dir:文件夹、file:文件、pipe:管道 或 run:命令,后面可加 @宽x高:格式,不能是 {text}",
        "camera is v4l2:DEVICE, dir:FOLDER, file:FILE, pipe:FIFO or run:COMMAND, then @WIDTHxHEIGHT:FORMAT, not {text}",
    ),
    "label": ("标签", "label"),
    "reprint": (
        "标签 {issue} 号磨损,剩余纠错 {health}%(手持机发现),请重印",
        "label no. {issue} is worn, {health}% of its correction left (seen by the handheld): print it anew",
    ),
}

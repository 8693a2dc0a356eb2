"""A release that is not installed, and why."""

TABLE = {
    "form": (
        "这不是本程序的发布文件,没有安装",
        "this is not a release of Watchbook: nothing was installed",
    ),
    "half": (
        "发布文件不完整,没有安装。请重新复制或下载",
        "the release file ends early, nothing was installed: copy or download it again",
    ),
    "changed": (
        "发布文件中的{name}已损坏,没有安装。请重新复制或下载",
        "the file {name} in the release is damaged, nothing was installed: copy or download it again",
    ),
    "signature": (
        "发布文件的签名不对,没有安装。请联系管理员",
        "the release is not signed with the publisher's key, nothing was installed: call the administrator",
    ),
    "arch": (
        "发布文件用于{wanted}处理器,本机是{here}。请换用本机的文件",
        "the release is for {wanted}, this machine is {here}: take the file for this machine",
    ),
    "python": (
        "发布文件用于 Python {wanted},本机是 {here}。请换用本机的文件",
        "the release is for Python {wanted}, this machine has {here}: take the file for this machine",
    ),
    "key": (
        "发布公钥读不出:{path}。请换一份公钥文件",
        "this is not a publisher's public key: {path}. Take another copy of it",
    ),
    "unreadable": (
        "发布文件读不出({why}),没有安装。请换一个U盘再试",
        "the release file cannot be read ({why}), nothing was installed: try another stick",
    ),
}

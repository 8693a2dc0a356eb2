"""What a scanned or typed code turned out to be, when it is of no use."""

TABLE = {
    "damaged": ("标签没读全, 请再扫一次", "label read badly: scan it again"),
    "foreign": ("不是本系统的码", "not one of our codes"),
}

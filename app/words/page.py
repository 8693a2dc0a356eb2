"""What stands on a page that is longer than the screen."""

TABLE = {
    "down": ("向下键: 下面还有", "Down key: there is more"),
    "up": ("向上键: 回到上面", "Up key: back to the top"),
    "both": ("向下键: 下面还有 (向上键回去)", "Down key: more (Up key: back)"),
}

"""The rest of the menu: what a post does beside rounds."""

TABLE = {
    "title": ("更多", "More"),
    "registers": ("登记簿", "registers"),
    "procedures": ("应急预案和通讯录", "emergencies, whom to call"),
}

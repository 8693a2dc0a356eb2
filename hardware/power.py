"""The handheld's battery, as the kernel tells it."""

import os


def battery_percent(folder: str = "/sys/class/power_supply") -> int | None:
    """Charge of the first battery the kernel names, or None."""
    try:
        for name in sorted(os.listdir(folder)):
            capacity = os.path.join(folder, name, "capacity")
            if os.path.exists(capacity):
                with open(capacity, encoding="ascii") as file:
                    return int(file.read())
    except (OSError, ValueError):
        return None
    return None

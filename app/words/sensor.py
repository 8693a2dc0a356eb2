"""A check that a sensor answers: its figure, and why somebody answers otherwise."""

TABLE = {
    "read": ("传感器读数。Enter采用,不对就改", "Read by the sensor. Enter takes it; or type yours"),
    "awaited": ("在等传感器的读数,也可以自己输", "Waiting for the sensor; or type the figure"),
    "take": ("采用", "take it"),
    "why_title": ("不用传感器的数", "Not the sensor's figure"),
    "why": ("传感器读{told},您输{value}。为什么?", "The sensor says {told}, you say {value}. Why?"),
    "gauge": ("看了现场的表", "read on the gauge here"),
    "wrong": ("传感器明显不准", "the sensor is plainly wrong"),
    "misplaced": ("传感器装得不是地方", "the sensor hangs in the wrong place"),
    "changed": ("刚开门或设备刚启停", "a door or a machine was just switched"),
    "no_reason": ("与传感器不同,先选原因", "It differs from the sensor: choose a reason first"),
    "said": ("{words};传感器{told},{why}", "{words}; sensor {told}, {why}"),
}

"""Ten garments drawn by code, one for each class of the clothing model, as a shop would show them.

Dark cloth on a light background, seen from the front; shoes from the side, pointing left. They are
not copied from images of a data set.
"""

from collections.abc import Callable
from typing import NamedTuple

from PIL import Image

from demo.drawing import Colour, Drawing, Point, checks


class Garment(NamedTuple):
    """How to draw a garment.

    Attributes:
        label: its class.
        size: width and height of the photo, in pixels.
        paint: paints it.
    """

    label: str
    size: tuple[int, int]
    paint: Callable[[Drawing], None]


def draw(garment: Garment) -> Image.Image:
    """Return the photo of a garment: RGB, the same pixels each time."""
    drawing = Drawing(*garment.size, seed=len(garment.label))
    garment.paint(drawing)
    return drawing.photo()


def _darker(colour: Colour, part: float = 0.6) -> Colour:
    red, green, blue = colour
    return round(red * part), round(green * part), round(blue * part)


def _fold(drawing: Drawing, colour: Colour, points: list[Point]) -> None:
    drawing.line(points, _darker(colour, 0.8), 10, blur=6)


def _t_shirt(drawing: Drawing) -> None:
    teal = (44, 116, 128)
    body = [(222, 26), (140, 52), (76, 96), (12, 268), (94, 312), (120, 250), (112, 780)]
    drawing.cloth(drawing.whole(body), teal, bend=26)
    drawing.hole(drawing.whole([(232, 10), (236, 50), (264, 76)]))
    drawing.line(drawing.whole([(226, 34), (232, 58), (262, 84)]), _darker(teal), 14)
    drawing.lines([(26, 252), (104, 294)], _darker(teal, 0.75))
    drawing.lines([(138, 58), (122, 150), (122, 248)], _darker(teal, 0.75))
    drawing.line([(118, 758), (482, 758)], _darker(teal, 0.75))
    _fold(drawing, teal, [(150, 310), (200, 430)])
    _fold(drawing, teal, [(450, 310), (390, 470)])


def _trouser(drawing: Drawing) -> None:
    navy = (56, 74, 112)
    leg = [(196, 16), (182, 130), (164, 300), (174, 560), (184, 788), (270, 788), (282, 560)]
    drawing.cloth(drawing.whole([*leg, (297, 250)]), navy, bend=18)
    drawing.line([(194, 56), (406, 56)], _darker(navy), 4)
    drawing.line([(300, 18), (300, 230)], _darker(navy), 4)
    drawing.lines([(200, 62), (232, 106), (250, 60)], _darker(navy), 4)
    drawing.discs([(300, 37)], 8, (190, 170, 120))
    _fold(drawing, navy, [(226, 150), (228, 770)])
    _fold(drawing, navy, [(374, 150), (372, 770)])


def _pullover(drawing: Drawing) -> None:
    wine = (132, 48, 66)
    sleeve = [(210, 38), (120, 76), (62, 330), (14, 752), (98, 776), (150, 440), (210, 200)]
    drawing.both(sleeve, _darker(wine, 0.85))
    drawing.cloth(drawing.whole([(262, 18), (200, 38), (150, 120), (160, 300), (140, 788)]), wine)
    drawing.hole(drawing.whole([(274, 4), (280, 26), (304, 40)]))
    drawing.line(drawing.whole([(266, 20), (276, 38), (304, 54)]), _darker(wine, 0.75), 22)
    drawing.line([(146, 744), (534, 744)], _darker(wine, 0.7), 5)
    drawing.lines([(20, 700), (106, 722)], _darker(wine, 0.6), 5)
    for y in range(120, 740, 30):
        drawing.line([(168, y), (512, y)], _darker(wine, 0.9), 7, blur=3)


def _dress(drawing: Drawing) -> None:
    plum = (108, 54, 116)
    half = [(222, 12), (206, 50), (212, 120), (194, 168), (220, 300), (196, 480), (150, 788)]
    drawing.cloth(drawing.whole(half), plum, bend=30)
    drawing.hole(drawing.whole([(244, 2), (250, 80), (280, 112)]))
    drawing.line([(220, 304), (380, 304)], _darker(plum), 8)
    for top, foot in ((250, 214), (280, 270), (320, 330), (350, 386)):
        _fold(drawing, plum, [(top, 322), (foot, 776)])


def _coat(drawing: Drawing) -> None:
    brown = (58, 46, 40)
    sleeve = [(206, 50), (124, 90), (78, 330), (30, 756), (118, 780), (164, 430), (206, 200)]
    drawing.both(sleeve, _darker(brown, 0.9))
    drawing.cloth(drawing.whole([(262, 40), (200, 52), (152, 130), (160, 330), (136, 790)]), brown)
    drawing.cloth(drawing.whole([(262, 10), (244, 84), (290, 106)]), _darker(brown, 0.75), bend=14)
    drawing.line([(340, 16), (340, 786)], (206, 200, 192), 8)
    drawing.lines([(322, 110), (322, 786)], _darker(brown, 0.7), 4)
    drawing.lines([(196, 520), (250, 640)], _darker(brown), 9)
    drawing.lines([(150, 470), (340, 470)], _darker(brown, 0.8), 5)
    drawing.lines([(42, 690), (126, 712)], _darker(brown), 4)


def _sandal(drawing: Drawing) -> None:
    tan = (146, 98, 58)
    sole = [(12, 500), (40, 470), (200, 476), (420, 456), (640, 404), (778, 396), (788, 492)]
    drawing.cloth([*sole, (640, 508), (400, 532), (160, 538), (36, 532)], (100, 74, 56), bend=24)
    drawing.line([(92, 480), (150, 392), (250, 366), (330, 462)], tan, 34)
    drawing.line([(212, 482), (292, 372), (390, 356), (456, 450)], tan, 30)
    drawing.line([(766, 412), (752, 290), (640, 250), (520, 330), (440, 446)], tan, 24)
    drawing.line([(752, 290), (660, 330), (560, 296)], tan, 22)
    drawing.discs([(646, 262)], 13, (206, 196, 170))


def _shirt(drawing: Drawing) -> None:
    blue = (112, 142, 188)
    sleeve = [(186, 48), (112, 92), (78, 330), (48, 690), (122, 708), (156, 430), (186, 200)]
    drawing.both(sleeve, blue, pattern=checks(56))
    half = [(246, 28), (180, 48), (138, 120), (152, 400), (136, 710), (196, 772), (250, 788)]
    drawing.cloth(drawing.whole(half), blue, pattern=checks(56))
    drawing.hole(drawing.whole([(258, 6), (268, 40), (294, 72)]), bend=10)
    drawing.both([(254, 12), (226, 44), (256, 112), (298, 78), (270, 50)], blue, bend=8)
    drawing.lines([(286, 96), (286, 786)], _darker(blue, 0.6), 3)
    drawing.discs([(300, y) for y in range(120, 780, 92)], 8, (240, 240, 236))
    drawing.lines([(54, 638), (128, 656)], _darker(blue, 0.6), 4)


def _sneaker(drawing: Drawing) -> None:
    grey = (78, 92, 110)
    upper = [(20, 480), (30, 420), (130, 392), (250, 366), (360, 300), (450, 236), (520, 214)]
    ankle = [(572, 262), (680, 268), (740, 214), (776, 232), (776, 490), (400, 500)]
    drawing.cloth([*upper, *ankle], grey, bend=36)
    sole = [(10, 474), (200, 486), (500, 474), (784, 456), (790, 524), (700, 538), (40, 538)]
    drawing.cloth(sole, (182, 182, 178), depth=0.2, bend=24)
    drawing.line([(14, 474), (200, 486), (500, 474), (784, 456)], _darker(grey, 0.5), 5)
    for x in (300, 346, 392, 438):
        y = 334 - (x - 300) * 0.66
        drawing.line([(x, y), (x + 44, y + 50)], (236, 236, 232), 10)
    drawing.line([(330, 468), (470, 420), (650, 330)], (220, 222, 224), 22)
    drawing.line([(190, 380), (236, 430), (228, 484)], _darker(grey), 4)


def _bag(drawing: Drawing) -> None:
    leather = (84, 62, 58)
    drawing.line(
        [(244, 320), (256, 140), (340, 40), (460, 40), (544, 140), (556, 320)],
        _darker(leather),
        24,
        bend=90,
    )
    drawing.cloth([(70, 262), (730, 262), (776, 684), (24, 684)], leather)
    drawing.line([(68, 306), (732, 306)], _darker(leather), 5)
    drawing.lines([(244, 270), (238, 430)], _darker(leather), 26)
    drawing.cloth([(360, 268), (440, 268), (440, 364), (360, 364)], (196, 164, 92), bend=12)
    drawing.lines([(44, 640), (400, 640)], _darker(leather, 0.75))


def _ankle_boot(drawing: Drawing) -> None:
    leather = (96, 62, 44)
    shaft = [(408, 16), (738, 26), (750, 300), (774, 470), (778, 610), (24, 614)]
    drawing.cloth([*shaft, (18, 550), (80, 494), (240, 444), (362, 350), (414, 220)], leather)
    sole = [(12, 598), (400, 606), (782, 590), (788, 692), (570, 692), (548, 640), (30, 640)]
    drawing.cloth(sole, (52, 42, 36), depth=0.2, bend=12)
    drawing.cloth([(520, 34), (644, 38), (612, 330), (560, 330)], _darker(leather, 0.7), bend=24)
    drawing.line([(296, 410), (420, 480), (440, 600)], _darker(leather), 4)
    drawing.line([(716, 40), (728, 300), (752, 580)], _darker(leather, 0.8), 4)


GARMENTS: tuple[Garment, ...] = (
    Garment("T-shirt/top", (600, 800), _t_shirt),
    Garment("Trouser", (600, 800), _trouser),
    Garment("Pullover", (680, 800), _pullover),
    Garment("Dress", (600, 800), _dress),
    Garment("Coat", (680, 800), _coat),
    Garment("Sandal", (800, 600), _sandal),
    Garment("Shirt", (600, 800), _shirt),
    Garment("Sneaker", (800, 600), _sneaker),
    Garment("Bag", (800, 700), _bag),
    Garment("Ankle boot", (800, 700), _ankle_boot),
)
"""One garment of each class, in the order of the model's labels."""

"""The other sites that a page could show, as links at its head."""

from collections.abc import Mapping

from msgspec import Struct

from sync.office.pages.listing import HasSite
from sync.office.places import url


class SiteChoice(Struct, frozen=True):
    word: str
    href: str
    chosen: bool


def site_choices(names: Mapping[str, HasSite], site: str, path: str, lang: str) -> list[SiteChoice]:
    """Links to the same page of each site."""
    return [SiteChoice(each.site.name.say(lang) or id, url(path, site=id), id == site) for id, each in names.items()]

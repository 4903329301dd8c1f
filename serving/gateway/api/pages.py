"""What people look at: the web page, the API's description as a page; and its document."""

import functools
import json
from pathlib import Path
from typing import Any

from flask import (
    Blueprint,
    Response,
    current_app,
    render_template,
    request,
    send_from_directory,
)
from markupsafe import Markup, escape

from serving.gateway.api.problems import asked_host
from serving.gateway.api.responses import JSON
from serving.gateway.settings import Settings

STATIC = Path(__file__).parents[1] / "static"

# No script, style or picture but this server's own, and no page around these.
_POLICY = "default-src 'self'; img-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'"


class Pages:
    """The handlers of the pages. The document is made when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def blueprint(self) -> Blueprint:
        """Return all paths."""
        pages = Blueprint("pages", __name__)
        pages.add_url_rule("/", view_func=self.page)
        pages.add_url_rule("/docs", view_func=self.docs)
        pages.add_url_rule("/openapi.json", view_func=self.openapi)
        pages.add_url_rule("/web/<segment:file>", view_func=self.page_file)
        pages.add_app_template_filter(_prose, "prose")
        return pages

    def page(self) -> Response:
        """Serve the web page."""
        return self.page_file("index.html")

    def page_file(self, file: str) -> Response:
        """Serve a file of the pages."""
        return _guarded(send_from_directory(STATIC, file))

    def openapi(self) -> Response:
        """Serve the API's description."""
        return Response(self._text, mimetype=JSON)

    def docs(self) -> Response:
        """Show the API's description."""
        from serving.gateway.api.openapi.page import all_failures, entries

        shown = entries(self._document)
        page = render_template(
            "docs.html",
            document=self._document,
            entries=shown,
            failures=all_failures(shown),
            base=f"{request.scheme}://{asked_host()}",
        )
        return _guarded(Response(page, mimetype="text/html"))

    @functools.cached_property
    def _document(self) -> dict[str, Any]:
        # Imported here: most workers are never asked, and it takes time and memory.
        from serving.gateway.api.openapi.document import describe

        return describe(current_app.url_map, self._settings)

    @functools.cached_property
    def _text(self) -> str:
        return json.dumps(self._document)


def _guarded(page: Response) -> Response:
    page.headers["Content-Security-Policy"] = _POLICY
    page.headers["X-Content-Type-Options"] = "nosniff"
    return page


def _prose(text: str) -> Markup:
    """Return a text of paragraphs with `code` in it as HTML."""
    paragraphs = str(escape(text)).split("\n\n")
    shown = []
    for paragraph in paragraphs:
        parts = paragraph.split("`")
        parts[1::2] = [f"<code>{code}</code>" for code in parts[1::2]]
        shown.append(f"<p>{''.join(parts)}</p>")
    return Markup("".join(shown))  # noqa: S704 - escaped above

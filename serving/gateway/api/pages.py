"""The web page, and the API's description as a page and as an OpenAPI document."""

import json
from pathlib import Path

from flask import Response, render_template, request, send_from_directory
from markupsafe import Markup, escape

from serving.gateway.api.api_description import ApiDescription
from serving.gateway.api.error_handlers import requested_host
from serving.gateway.api.languages import language, languages
from serving.gateway.api.responses import JSON
from serving.gateway.api.routing import Described, Route
from serving.gateway.inference.catalog import Catalog
from serving.gateway.settings import Settings
from serving.http_errors import UnknownPath

STATIC = Path(__file__).parents[1] / "static"

# Scripts, styles and images from this server only, and no framing by other pages.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' blob:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
)
_HTML = Described("HTML.", media_types=("text/html",))
_NOT_MODIFIED = Described("Not modified.")


class Pages:
    """The handlers of the pages."""

    def __init__(self, settings: Settings, catalog: Catalog) -> None:
        self._catalog = catalog
        self._description = ApiDescription(settings, catalog)

    @Route(("/",), group="Pages", responses={200: _HTML, 304: _NOT_MODIFIED})
    def page(self) -> Response:
        """Show the web page.

        In the language that `lang` names, else the best one for `Accept-Language`.
        """
        chosen = language(request)
        page = render_template(
            "page.html",
            language=chosen,
            languages=languages(),
            base=f"{request.scheme}://{requested_host()}",
            model=self._catalog.names[0],
        )
        response = Response(page, mimetype="text/html")
        response.content_language.add(chosen.code)
        response.vary.add("Accept-Language")
        return _checked(_guarded(response))

    @Route(("/docs",), group="Pages", responses={200: _HTML})
    def docs(self) -> Response:
        """Show this description as a page."""
        from serving.gateway.api.openapi.page import all_errors, entries

        document = self._description.document()
        shown = entries(document)
        page = render_template(
            "docs.html",
            document=document,
            entries=shown,
            errors=all_errors(shown),
            base=f"{request.scheme}://{requested_host()}",
            prose=_prose,
        )
        return _guarded(Response(page, mimetype="text/html"))

    @Route(
        ("/web/<segment:file>",),
        group="Pages",
        responses={
            200: Described(
                "The file.",
                media_types=("text/css", "text/javascript", "image/svg+xml", "text/html"),
            ),
            304: _NOT_MODIFIED,
        },
        errors=(UnknownPath,),
    )
    def page_file(self, file: str) -> Response:
        """Get a file of the pages."""
        return _guarded(send_from_directory(STATIC, file))

    @Route(
        ("/web/languages/<segment:texts>",),
        group="Pages",
        responses={200: Described("The texts.", media_types=(JSON,)), 304: _NOT_MODIFIED},
        errors=(UnknownPath,),
    )
    def language_texts(self, texts: str) -> Response:
        """Get the texts of the pages in a language."""
        found = next((each for each in languages() if texts == f"{each.code}.json"), None)
        if found is None:
            raise UnknownPath(f"There is nothing at {request.path}.")
        text = json.dumps(found.document(), ensure_ascii=False)
        return _checked(_guarded(Response(text, mimetype=JSON)))

    @Route(
        ("/openapi.json",),
        group="Service",
        responses={200: Described("OpenAPI 3.1.", media_types=(JSON,))},
    )
    def openapi(self) -> Response:
        """Get this description as OpenAPI."""
        return Response(self._description.text(), mimetype=JSON)


def _guarded(page: Response) -> Response:
    page.headers["Content-Security-Policy"] = _POLICY
    page.headers["X-Content-Type-Options"] = "nosniff"
    return page


def _checked(page: Response) -> Response:
    """Have browsers ask each time whether a page has changed, and answer in short if not."""
    page.cache_control.no_cache = True
    page.add_etag()
    page.make_conditional(request)
    return page


def _prose(text: str) -> Markup:
    """Return text with paragraphs and `code` as HTML."""
    shown = []
    for paragraph in str(escape(text)).split("\n\n"):
        parts = paragraph.split("`")
        parts[1::2] = [f"<code>{code}</code>" for code in parts[1::2]]
        shown.append(f"<p>{''.join(parts)}</p>")
    return Markup("".join(shown))  # noqa: S704 - escaped above

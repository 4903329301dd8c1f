"""A page for each model, made from its card: for people, and without scripts."""

from collections.abc import Callable
from http import HTTPStatus

from flask import Response, g, render_template, request

from serving.deadline import Deadline
from serving.gateway.api.api_keys import ApiKeys
from serving.gateway.api.languages import Language, language, languages
from serving.gateway.api.model_card_view import Card
from serving.gateway.api.request_arrival import check_wait
from serving.gateway.api.routing import Described, Route
from serving.gateway.inference.catalog import AVAILABLE, Catalog
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.settings import Settings
from serving.http_errors import InternalError, PhotolabelError, UnknownVersion

# The example mistakes are data: URLs. No scripts at all.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none';"
    " base-uri 'none'; form-action 'none'"
)

# A report is part of a model, and whoever publishes one wrote it: it has the rights of no origin.
_REPORT_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none';"
    " base-uri 'none'; form-action 'none'"
)


def _html(meaning: str) -> Described:
    return Described(meaning, media_types=("text/html",))


_PROBLEMS = {
    401: _html("A page that says that an API key is needed."),
    404: _html("A page that says that there is no such model, version or report."),
    429: _html("A page that says that there are too many requests at once."),
    503: _html("A page that says that the model can't answer now."),
    504: _html("A page that says that the model server took too long."),
}


class NoReport(UnknownVersion):
    """The version was published without a report."""


class ModelPages:
    """The handlers of the pages of models.

    Args:
        settings: where API keys are set, the page needs one too: it shows the card.
        catalog: the models.
    """

    def __init__(self, settings: Settings, catalog: Catalog) -> None:
        self._settings = settings
        self._catalog = catalog
        self._api_keys = ApiKeys(settings.api_keys_file) if settings.api_keys_file else None

    @Route(
        ("/models/<string:name>",),
        group="Pages",
        responses={200: _html("HTML."), **_PROBLEMS},
        query=("version", "lang"),
    )
    def model_page(self, name: str) -> Response:
        """Show the page of a model.

        Made from its card: accuracy, calibration, mistakes, what it does not know, data. Where API
        keys are set, the request needs one.
        """
        return self._answer(name, self._page)

    @Route(
        ("/models/<string:name>/report",),
        group="Pages",
        responses={200: _html("HTML."), **_PROBLEMS},
        query=("version", "lang"),
    )
    def model_report(self, name: str) -> Response:
        """Show the report of a model's training.

        As it was published with the version. Where API keys are set, the request needs one.
        """
        return self._answer(name, self._report)

    def _answer(self, name: str, show: Callable[[ModelRef, Language], Response]) -> Response:
        spoken = language(request)
        try:
            check_wait(request.environ)
            if self._api_keys:
                self._api_keys.check(request.headers.get("Authorization"))
            return show(self._catalog.ref(name, request.args.get("version")), spoken)
        except InternalError:
            raise
        except PhotolabelError as error:
            return self._problem(name, error, spoken)

    def _deadline(self) -> Deadline:
        observation = g.observation
        return Deadline(self._settings.time_budget, observation.trace.metadata, observation.ended)

    def _report(self, ref: ModelRef, _: Language) -> Response:
        version, report = self._catalog.report(ref, self._deadline())
        g.observation.version = version
        if report is None:
            raise NoReport(f"Version {version} of {ref.name} was published without a report.")
        return _guarded(Response(report, mimetype="text/html"), _REPORT_POLICY)

    def _page(self, ref: ModelRef, spoken: Language) -> Response:
        deadline = self._deadline()
        described, states = self._catalog.find(ref, deadline)
        version_labels = self._catalog.version_labels(ref, deadline)
        g.observation.version = described.version
        page = render_template(
            "model.html",
            root="../",
            model=ref.name,
            described=described,
            versions=[each.version for each in states if each.state == AVAILABLE],
            version_labels=version_labels,
            shown_version=described.version,
            labels=", ".join(map(spoken.class_name, described.labels)),
            card=Card(described.card),
            list_type=list,
            **_words(spoken),
        )
        return _guarded(Response(page, mimetype="text/html"))

    def _problem(self, name: str, error: PhotolabelError, spoken: Language) -> Response:
        keys = {HTTPStatus.UNAUTHORIZED: "model_error_401", HTTPStatus.NOT_FOUND: "model_error_404"}
        key = keys.get(error.status, "model_error_503")
        page = render_template(
            "model_problem.html",
            model=name,
            root="../../" if request.endpoint == "model_report" else "../",
            plain=spoken.text("model_no_report" if isinstance(error, NoReport) else key),
            detail=error.detail,
            **_words(spoken),
        )
        response = _guarded(Response(page, status=error.status, mimetype="text/html"))
        response.headers.update(error.headers())
        return response


def _words(spoken: Language) -> dict[str, object]:
    """Return what the templates need to speak a language."""
    point, separator = spoken.text("model_decimal"), spoken.text("model_thousands")

    def percent(share: float, digits: int = 1) -> str:
        return f"{share * 100:.{digits}f}".replace(".", point) + "%"

    def whole(number: float) -> str:
        return f"{round(number):,}".replace(",", separator)

    return {
        "language": spoken,
        "languages": languages(),
        "percent": percent,
        "whole": whole,
        "t": spoken.text,
    }


def _guarded(page: Response, policy: str = _POLICY) -> Response:
    page.headers["Content-Security-Policy"] = policy
    page.headers["X-Content-Type-Options"] = "nosniff"
    page.headers["Vary"] = "Accept-Language"
    return page

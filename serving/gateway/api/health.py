"""The routes for probes: whether the process runs, and whether it can answer."""

from flask import Response, g, request

from serving.gateway.api import query
from serving.gateway.api.openapi import examples
from serving.gateway.api.responses import render
from serving.gateway.api.routing import Described, Route
from serving.gateway.api.schemas import Liveness, ReadinessResponse
from serving.gateway.inference.readiness import Readiness
from serving.http_errors import MalformedRequest


class Health:
    """The handlers of probes."""

    def __init__(self, readiness: Readiness) -> None:
        self._readiness = readiness

    @Route(
        ("/livez",),
        group="Service",
        responses={200: Described("It does.", lambda _: Liveness(alive=True))},
    )
    def livez(self) -> Response:
        """Check whether the process runs."""
        return render(Liveness(alive=True))

    @Route(
        ("/readyz",),
        group="Service",
        responses={
            200: Described("All models can.", examples.ready),
            503: Described(
                "At least one model can't, or the gateway is about to stop.", examples.not_ready
            ),
        },
        errors=(MalformedRequest,),
        query=("exclude",),
        headers=("timeout",),
    )
    def readyz(self) -> Response:
        """Check whether every model can answer.

        With `exclude=models` the models are not asked, and `models` is empty: 200 until the gateway
        is about to stop. This is for probes that decide whether a gateway gets requests: one
        missing model must not make the others unavailable.
        """
        if query.excludes_models(request):
            ready = not self._readiness.is_draining()
            return render(ReadinessResponse(ready=ready, models=[]), 200 if ready else 503)
        models = self._readiness.models(g.deadline)
        ready = all(model.state == "ready" for model in models)
        return render(ReadinessResponse(ready=ready, models=models), 200 if ready else 503)

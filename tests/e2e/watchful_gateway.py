"""The gateway, whose metrics follow the models' states within a fraction of a second."""

from serving.__main__ import main
from serving.gateway.inference import readiness, readiness_watch

if __name__ == "__main__":
    readiness_watch.INTERVAL_SECONDS = 0.2
    readiness.CACHE_SECONDS = 0.0
    readiness.CALL_SECONDS = 0.5
    main()

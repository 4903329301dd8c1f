"""gunicorn and the gateway's own worker: threads handle requests that have arrived completely."""

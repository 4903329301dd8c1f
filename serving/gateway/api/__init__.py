"""HTTP in and out: routes, uploads, JSON responses, errors, pages, API keys."""

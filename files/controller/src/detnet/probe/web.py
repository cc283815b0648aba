"""Routing HTTP requests to what the probe can tell, as a WSGI application (PEP 3333)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; ``status`` is the whole status line, such as ``200 OK``."""

    status: str
    content_type: str
    body: bytes


Route = Callable[[Mapping[str, list[str]]], Response]  # from the query's fields


def application(routes: Mapping[str, Route]) -> WSGIApplication:
    """Return the application that answers exactly ``routes`` (by path) and 404 to everything else."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        route = routes.get(environ["PATH_INFO"])
        if route is None:
            response = Response("404 Not Found", "text/plain", f"try {', '.join(sorted(routes))}\n".encode())
        else:
            response = route(parse_qs(environ["QUERY_STRING"]))
        start_response(response.status, [("Content-Type", response.content_type)])
        return [response.body]

    return answer


def metrics_route(registry: CollectorRegistry) -> Route:
    """Return the route that exposes ``registry`` in the text format."""

    def metrics(query: Mapping[str, list[str]]) -> Response:
        del query
        return Response("200 OK", CONTENT_TYPE_LATEST, generate_latest(registry))

    return metrics

"""Content codings, such as gzip: none is accepted, as photos are compressed already."""

from http import HTTPStatus

from flask import Request

from serving.http_errors import UploadError


class UnsupportedEncoding(UploadError):
    """The body has a content coding, such as gzip."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    slug = "unsupported-encoding"
    title = "The body's content coding is not supported"
    example = "The body has the Content-Encoding 'gzip'; only identity is accepted."

    def headers(self) -> dict[str, str]:
        """Return the codings that are accepted (RFC 9110, section 15.5.16)."""
        return {"Accept-Encoding": "identity"}


def check_coding(request: Request) -> None:
    """Raise `UnsupportedEncoding` if the body of a request is compressed."""
    coding = request.headers.get("Content-Encoding", "").strip()
    if coding.lower() not in ("", "identity"):
        raise UnsupportedEncoding(
            f"The body has the Content-Encoding {coding[:40]!r}; only identity is accepted. Send it"
            " as it is, without that header: photos are compressed already."
        )

"""Structured logs: one JSON object a line on stderr, with the trace id of the request or event.

What Django, Celery and the other libraries log through `logging` takes the same shape.
"""

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from deliveryapp.errors import without_rows

SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure_logging() -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def json_formatter() -> structlog.stdlib.ProcessorFormatter:
    """For `LOGGING`: renders our own and foreign records."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _without_rows,
            structlog.processors.JSONRenderer(sort_keys=True, default=str),
        ],
    )


def _without_rows(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """In tracebacks and in texts of errors."""
    return {key: without_rows(text) if isinstance(text, str) else text for key, text in event.items()}

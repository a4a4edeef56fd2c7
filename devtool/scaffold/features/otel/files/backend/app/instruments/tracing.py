"""Traces: FastAPI makes the spans itself as soon as there is somebody to send them to."""

import os
from functools import lru_cache

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from app import NAME, VERSION


def install(_app: FastAPI) -> None:
    """Send traces, if the environment says where to."""
    if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        trace.set_tracer_provider(provider())


@lru_cache
def provider() -> TracerProvider:
    """What collects the spans of this process; the exporter reads OTEL_* itself."""
    made = TracerProvider(
        resource=Resource.create({"service.name": NAME, "service.version": VERSION})
    )
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return made

"""Where requests go: the API under /api/v1/, everything else to the console."""

from django.urls import URLPattern, URLResolver, include, path

from earnest.api.v1 import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("", include("earnest.console.urls")),
]

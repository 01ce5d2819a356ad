"""Answers that are the same for everybody: cacheable for a moment, then revalidated by ETag."""

from typing import Any

from django.utils.cache import patch_cache_control
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

MAX_AGE_S = 10


@method_decorator(conditional_page, name="dispatch")
class PublicView(APIView):
    """Open to everybody and blind to who asks, so that one answer serves all; refusals are not cached."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        if final.status_code == 200:
            patch_cache_control(final, public=True, max_age=MAX_AGE_S)
        return final

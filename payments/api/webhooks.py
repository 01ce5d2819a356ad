from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from deliveryapp.api.problems import CONTENT_TYPE, problem
from deliveryapp.errors import AppError
from payments import services


@csrf_exempt
@require_POST
def webhook(request: HttpRequest, gateway: str) -> HttpResponse:
    """Signed by the provider; stored and answered at once, applied by a worker."""
    signature = request.headers.get("Stripe-Signature", "")
    try:
        services.receive_webhook(gateway=gateway, body=request.body, signature=signature)
    except AppError as error:
        body = problem(status=error.status, code=error.code, title=error.title, detail=error.detail)
        return JsonResponse(body, status=error.status, content_type=CONTENT_TYPE)
    return HttpResponse(status=200)

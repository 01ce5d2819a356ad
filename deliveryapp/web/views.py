from django import forms
from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views import View
from django.views.decorators.http import require_POST

from deliveryapp import identity
from deliveryapp.errors import AppError
from deliveryapp.models import User
from deliveryapp.web.forms import LogInForm, SignUpForm

BACKEND = "django.contrib.auth.backends.ModelBackend"


class _IdentityPage(View):
    """A form that ends signed in and goes where the person wanted to go."""

    template: str
    form_class: type[forms.Form]

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return HttpResponseRedirect(_next(request))
        return self._page(request, self.form_class())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form_class(request.POST)
        if not form.is_valid():
            return self._page(request, form, status=400)
        try:
            user = self.identify(form)
        except AppError as error:
            form.add_error(None, error.detail)
            return self._page(request, form, status=error.status)
        login(request, user, backend=BACKEND)
        return HttpResponseRedirect(_next(request))

    def identify(self, form: forms.Form) -> User:
        raise NotImplementedError

    def _page(self, request: HttpRequest, form: forms.Form, status: int = 200) -> HttpResponse:
        return render(request, self.template, {"form": form, "next": _next(request)}, status=status)


class LogInPage(_IdentityPage):
    template = "login.html"
    form_class = LogInForm

    def identify(self, form: forms.Form) -> User:
        return identity.log_in(**form.cleaned_data)


class SignUpPage(_IdentityPage):
    template = "sign_up.html"
    form_class = SignUpForm

    def identify(self, form: forms.Form) -> User:
        return identity.sign_up(**form.cleaned_data)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect(settings.LOGIN_REDIRECT_URL)


def _next(request: HttpRequest) -> str:
    """Only places of our own: `next` must not send people elsewhere."""
    wanted = request.POST.get("next") or request.GET.get("next") or settings.LOGIN_REDIRECT_URL
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe else settings.LOGIN_REDIRECT_URL

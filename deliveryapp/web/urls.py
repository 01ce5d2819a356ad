from django.urls import path

from deliveryapp.web import views
from deliveryapp.web.metrics import metrics

urlpatterns = [
    path("login/", views.LogInPage.as_view(), name="login"),
    path("sign-up/", views.SignUpPage.as_view(), name="sign-up"),
    path("logout/", views.log_out, name="logout"),
    path("metrics", metrics, name="metrics"),
]

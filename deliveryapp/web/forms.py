from django import forms


class SignUpForm(forms.Form):
    email = forms.EmailField(max_length=254)
    name = forms.CharField(max_length=120)
    password = forms.CharField(max_length=128, strip=False, widget=forms.PasswordInput)


class LogInForm(forms.Form):
    email = forms.EmailField(max_length=254)
    password = forms.CharField(max_length=128, strip=False, widget=forms.PasswordInput)

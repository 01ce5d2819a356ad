from django import forms

from deliveryapp.text import CARD_NUMBER_REFUSED, refuse_card_number


class TextForm(forms.Form):
    """A form that is shown again with what was wrong does not repeat a card number."""

    def full_clean(self) -> None:
        super().full_clean()
        refused = {name: "" for name in self.fields if self.has_error(name, CARD_NUMBER_REFUSED)}
        if refused:
            self.data = {**self.data.dict(), **refused}  # type: ignore[attr-defined]


class SignUpForm(TextForm):
    email = forms.EmailField(max_length=254, validators=[refuse_card_number])
    name = forms.CharField(max_length=120, validators=[refuse_card_number])
    password = forms.CharField(max_length=128, strip=False, widget=forms.PasswordInput)


class LogInForm(TextForm):
    email = forms.EmailField(max_length=254, validators=[refuse_card_number])
    password = forms.CharField(max_length=128, strip=False, widget=forms.PasswordInput)

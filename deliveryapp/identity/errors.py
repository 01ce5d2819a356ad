from deliveryapp.errors import Conflict, InvalidInput, Unauthenticated


class WrongCredentials(Unauthenticated):
    code, title = "wrong_credentials", "E-mail or password is not right"


class TokenInvalid(Unauthenticated):
    code, title = "token_invalid", "The token is not valid"


class EmailTaken(Conflict):
    code, title = "email_taken", "There is already an account with this e-mail"


class PasswordTooWeak(InvalidInput):
    code, title = "password_too_weak", "Choose a better password"

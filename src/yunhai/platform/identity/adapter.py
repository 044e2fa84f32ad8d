"""What allauth asks the house: how people are made, and how second factors are kept."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.http import HttpRequest


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Anybody may sign up; what they may do anywhere is said by a membership."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return True


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Keeps the secrets of authenticator apps encrypted, by a key that is not in the database."""

    def encrypt(self, text: str) -> str:
        return Fernet(settings.YUNHAI_MFA_KEY).encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return Fernet(settings.YUNHAI_MFA_KEY).decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            raise ValueError("a second factor's secret was encrypted with another key") from None

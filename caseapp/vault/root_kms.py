"""A root key that never leaves AWS KMS, which wraps and unwraps the clinics' keys with it."""

import os
from functools import lru_cache
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError
from django.conf import settings

from caseapp.vault.root import Context, RootKeyRefused, RootProvider, committed, key_of

CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 3
TRIES: Final = 2

FOREIGN: Final = {"InvalidCiphertextException", "IncorrectKeyException"}
UNUSABLE: Final = {"DisabledException", "KMSInvalidStateException", "InvalidKeyUsageException"}
REFUSED: Final = {
    "AccessDeniedException",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "UnrecognizedClientException",
}


def of_settings() -> RootProvider:
    return KmsRoot(settings.KMS_KEY_ID)


class KmsRoot:
    """The KMS key with this id, ARN or alias, in the region and with the credentials that boto3 finds.

    Each call takes ten seconds at the very most. Every failure is RootKeyRefused, and the next call
    starts anew, so that what was put right at AWS is noticed without a restart.
    """

    def __init__(self, key_id: str | None) -> None:
        self.key_id = key_id

    def wrap(self, key: bytes, context: Context) -> bytes:
        answer = self._ask(
            "encrypt", Plaintext=committed(key, context), EncryptionContext=_encryption_context(context)
        )
        return bytes(answer["CiphertextBlob"])

    def unwrap(self, wrapped: bytes, context: Context) -> bytes:
        if not wrapped:
            raise RootKeyRefused("A clinic's key in the keyring is damaged. Restore the newest backup of it.")
        answer = self._ask("decrypt", CiphertextBlob=wrapped, EncryptionContext=_encryption_context(context))
        key = key_of(bytes(answer["Plaintext"]), context)
        if key is None:
            raise RootKeyRefused(_FOREIGN)
        return key

    def destroy(self, context: Context) -> None:
        """Do nothing: KMS keeps no copy per clinic, so a generation dies with its row in the keyring."""

    def check(self) -> None:
        state = self._ask("describe_key")["KeyMetadata"]["KeyState"]
        if state != "Enabled":
            raise RootKeyRefused(f"The AWS KMS key {self.key_id} is not enabled ({state}). {_ENABLE}")

    def _ask(self, operation: str, **asked: Any) -> dict[str, Any]:
        if self.key_id is None:
            raise RootKeyRefused(
                "This process was started without AMPARO_KMS_KEY_ID and cannot open sealed values. Only the"
                " web process may use the root key: set it for that one."
            )
        try:
            answer: dict[str, Any] = getattr(_client(), operation)(KeyId=self.key_id, **asked)
        except (BotoCoreError, ClientError) as error:
            forget_client()
            raise RootKeyRefused(_in_words(error, self.key_id)) from None
        return answer


_ENABLE: Final = (
    "Enable it again, or cancel its deletion, in the AWS console; nothing needs restarting. A key that AWS"
    " has deleted is gone: use the recovery kit."
)
_FOREIGN: Final = (
    "AWS KMS does not open a clinic's key: AMPARO_KMS_KEY_ID names another key than this clinic was set up"
    " with, or the keyring is damaged. Set the right one, or restore the newest backup of the keyring."
)


def _encryption_context(context: Context) -> dict[str, str]:
    """Return what KMS binds the key to, and writes in the AWS audit log: random numbers, no names."""
    return {
        "deployment": str(context.deployment),
        "clinic": str(context.clinic),
        "generation": str(context.generation),
    }


@lru_cache(maxsize=1)
def _client() -> Any:
    # A session of its own: a forgotten client takes the credentials it found, or did not, with it.
    return boto3.session.Session().client(
        "kms",
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": TRIES},
        ),
    )


def forget_client() -> None:
    """Let the next call look for its credentials, region and address anew."""
    _client.cache_clear()


os.register_at_fork(after_in_child=forget_client)


def _in_words(error: BotoCoreError | ClientError, key_id: str) -> str:
    if isinstance(error, NoCredentialsError):
        return "There are no AWS credentials here. Give the machine a role, or the service an access key."
    if isinstance(error, NoRegionError):
        return "The AWS region is not known. Set AWS_REGION."
    if not isinstance(error, ClientError):
        return f"AWS KMS cannot be reached ({type(error).__name__}). Nothing needs restarting once it can."
    code = str(error.response.get("Error", {}).get("Code", "unknown"))
    if code in FOREIGN:
        return _FOREIGN
    if code in UNUSABLE:
        return f"The AWS KMS key {key_id} cannot be used ({code}). {_ENABLE}"
    if code in REFUSED:
        return (
            f"AWS does not let this service use the KMS key {key_id} ({code}). Let its role call kms:Encrypt,"
            " kms:Decrypt and kms:DescribeKey on it; nothing needs restarting."
        )
    if code == "NotFoundException":
        return f"There is no AWS KMS key {key_id} in this region. Set AMPARO_KMS_KEY_ID and AWS_REGION."
    return f"AWS KMS answers with an error ({code}). Nothing needs restarting once it works again."

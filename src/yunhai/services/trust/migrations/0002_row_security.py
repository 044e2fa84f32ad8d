"""A person sees their own rows; staff those of their broker, operators certificates. A client is known before anybody is,
and a grant is found by its code or token."""

from typing import ClassVar

from django.db import migrations

from yunhai.platform.console.models import OPERATOR_SEES
from yunhai.platform.tenancy.rls import RowSecurity

STAFF = "(tenant_id = yunhai_tenant() AND yunhai_sees(0))"
"""Staff of the broker; `yunhai_sees(0)` is true of nobody else."""
STAFF_OR_OPERATOR = f"{STAFF} OR {OPERATOR_SEES}"
FOUND = (
    "code_hash = nullif(current_setting('app.grant', true), '')"
    " OR token_hash = nullif(current_setting('app.grant', true), '')"
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("trust", "0001_initial"),
        ("tenancy", "0002_row_security"),
        ("console", "0001_initial"),
    ]
    operations: ClassVar = [
        RowSecurity("Registration", tenant="", person="person_id", also=STAFF),
        RowSecurity("RegistrationEvent", tenant="", person="person_id", also=STAFF),
        RowSecurity("Consent", tenant="", person="person_id", also=STAFF),
        RowSecurity("ConsentEvent", tenant="", person="person_id", also=STAFF),
        RowSecurity("Credential", tenant="", person="person_id"),
        RowSecurity("CredentialEvent", tenant="", person="person_id"),
        RowSecurity("Certificate", tenant="", person="person_id", also=STAFF_OR_OPERATOR),
        RowSecurity("CertificateEvent", tenant="", person="person_id", also=STAFF_OR_OPERATOR),
        RowSecurity("ProfileSetting", tenant="", also="true", check=OPERATOR_SEES),
        RowSecurity("ProfileSettingEvent", tenant="", also=OPERATOR_SEES),
        RowSecurity("Client", tenant="", also="true", check=OPERATOR_SEES),
        RowSecurity("Grant", tenant="", person="person_id", also=FOUND),
        RowSecurity("Authorisation", tenant="", person="person_id"),
    ]

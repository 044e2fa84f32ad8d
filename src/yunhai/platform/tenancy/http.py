"""/api/v1/tenants: who lives in the cloud."""

from django.http import HttpRequest
from ninja import Router

from yunhai.platform.shell.api import open_to, signed_in
from yunhai.platform.tenancy import api as tenancy

router = Router(tags=["tenancy"], auth=signed_in)
PREFIX = "/tenants"


@router.get("", response=list[tenancy.TenantView], summary="Tenants 租戶")
@open_to()
def list_tenants(request: HttpRequest) -> tuple[tenancy.TenantView, ...]:
    """Everybody's: a broker's name and code are public."""
    return tenancy.tenants()


@router.get("/{int:number}", response=tenancy.TenantView, summary="One tenant 一個租戶")
@open_to()
def one_tenant(request: HttpRequest, number: int) -> tenancy.TenantView:
    return tenancy.tenant(number)

"""OAuth 2.0 as SMART App Launch uses it. https://hl7.org/fhir/smart-app-launch/STU2.2/"""

from egide.api.smart.token import Token

__all__ = ["Token"]

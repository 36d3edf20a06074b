const opened = new URLSearchParams(location.search);
const asked = {
  clientId: SETTINGS.clientId,
  scope: `${SETTINGS.scope} ${opened.has("launch") ? "launch" : "launch/patient"}`,
  redirectUri: "index.html",
  pkceMode: "required",
};

FHIR.oauth2
  .authorize(opened.has("iss") ? asked : { ...asked, iss: SETTINGS.iss })
  .catch((error) => {
    document.getElementById("state").textContent = `refused: ${error.message}`;
  });

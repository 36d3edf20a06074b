// Passkeys: a form marked data-passkey asks the device before it is sent.
// https://www.w3.org/TR/webauthn-3/ The options stand in the form; nothing is fetched.

const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

const listed = (credentials = []) => credentials.map((each) => ({ ...each, id: bytes(each.id) }));

/** The options of WebAuthn's JSON form, as the browser takes them. */
function options(form) {
  const said = JSON.parse(form.dataset.options);
  const read = { ...said, challenge: bytes(said.challenge) };
  if (said.user) read.user = { ...said.user, id: bytes(said.user.id) };
  if (said.excludeCredentials) read.excludeCredentials = listed(said.excludeCredentials);
  if (said.allowCredentials) read.allowCredentials = listed(said.allowCredentials);
  return read;
}

/** A credential in WebAuthn's JSON form. */
function told(credential) {
  const answer = credential.response;
  const response = { clientDataJSON: text(answer.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (answer[name]) response[name] = text(answer[name]);
  }
  if (answer.getTransports) response.transports = answer.getTransports();
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response,
  });
}

function send(form, credential) {
  form.elements.response.value = told(credential);
  form.submit();
}

function watch(form) {
  const failed = form.querySelector("[data-passkey-failed]");
  let waiting = new AbortController();

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    failed.hidden = true;
    waiting.abort();
    waiting = new AbortController();
    const asked = { publicKey: options(form), signal: waiting.signal };
    try {
      send(form, await navigator.credentials[form.dataset.passkey](asked));
    } catch (error) {
      if (error.name !== "AbortError") failed.hidden = false;
    }
  });

  return async function offer() {
    const field = document.querySelector('input[autocomplete~="webauthn"]');
    if (form.dataset.passkey !== "get" || !field) return;
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    const asked = { publicKey: options(form), signal: waiting.signal, mediation: "conditional" };
    try {
      send(form, await navigator.credentials.get(asked));
    } catch {
      // Nothing was chosen from the list under the field; the button is still there.
    }
  };
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (window.PublicKeyCredential) {
    watch(form)();
  } else {
    form.querySelector("[data-passkey-missing]").hidden = false;
    form.querySelector("button").disabled = true;
  }
}

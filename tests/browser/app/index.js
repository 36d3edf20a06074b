let client;
let times = 0;

const say = (id, text) => {
  document.getElementById(id).textContent = text;
};

const attempt = async (done, work) => {
  try {
    await work();
    say("state", `${done} ${++times}`);
  } catch (error) {
    say("state", `refused ${++times}: ${error.message}`);
  }
};

const read = async () => {
  say("patient", "");
  say("observations", "");
  const patient = await client.patient.read();
  const found = await client.patient.request("Observation");
  say("patient", patient.name[0].family);
  say("observations", found.entry.map((each) => each.resource.code.text).join(", "));
  say("user", client.getFhirUser() || "");
};

const refresh = async () => {
  const before = client.state.tokenResponse.access_token;
  await client.refresh();
  if (client.state.tokenResponse.access_token === before) {
    throw new Error("the access token is the same");
  }
  await read();
};

document.getElementById("read").addEventListener("click", () => attempt("read", read));
document.getElementById("refresh").addEventListener("click", () => attempt("refreshed", refresh));

attempt("read", async () => {
  client = await FHIR.oauth2.ready();
  await read();
});

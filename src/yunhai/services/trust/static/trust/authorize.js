// A passkey's answer to a challenge made of the hashes, put into the form that allows them to be signed.

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const form = document.querySelector("form[data-authorize]");
const asked = JSON.parse(document.getElementById("challenge").textContent);

form.querySelector("[data-passkey]").addEventListener("click", async () => {
  const wanted = asked.options.publicKey;
  const allowed = (wanted.allowCredentials ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
  const publicKey = { ...wanted, challenge: bytes(wanted.challenge), allowCredentials: allowed };
  const found = await navigator.credentials.get({ publicKey });
  const response = {
    id: found.id,
    rawId: text(found.rawId),
    type: found.type,
    clientExtensionResults: {},
    response: {
      clientDataJSON: text(found.response.clientDataJSON),
      authenticatorData: text(found.response.authenticatorData),
      signature: text(found.response.signature),
      userHandle: found.response.userHandle ? text(found.response.userHandle) : null,
    },
  };
  form.elements.answer.value = JSON.stringify({ state: asked.state, response });
  form.requestSubmit();
});

"use strict";

/* The form is sent from here, so that what is wrong is said beside it and what was typed stays. */
wangge.byId("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  const problem = wangge.byId("sign-in-problem");
  wangge.complain(problem, null);
  button.disabled = true;
  try {
    await wangge.ask(form.action, { method: "POST", body: { login: form.elements.login.value, password: form.elements.password.value } });
    location.assign(form.dataset.onward);
  } catch (error) {
    const wait = error.told?.retryAfter;
    wangge.complain(problem, error.status === 401 ? wangge.say("sign_in.js.wrong") : wait ? wangge.say("sign_in.js.wait", { n: Math.ceil(wait / 60) }) : error);
    button.disabled = false;
    wangge.byId("password").select();
  }
});

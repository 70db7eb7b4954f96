// A practice writes to a patient and to a hospital: each test has a world of its own, so that all may run at once.

import assert from "node:assert/strict";
import { test } from "node:test";
import { control, newWorld } from "./mss-sim.js";
import { Software } from "./practice.js";

const PRACTICE = "tilleuls@cabinet.sim.mssante.fr";

test("a letter is read, and its sender knows", async (t) => {
  const world = await newWorld(t);
  const [doctor, patient] = ["doctor", "patient"].map((role) => new Software(world, role));
  await doctor.send(patient.address, "Votre bilan", { receipt: true });
  const letter = await patient.waitFor(patient.address, "Votre bilan");
  assert.equal(letter.from[0].address, doctor.address);

  assert.match(await patient.read(1), /\r\n\r\nBonjour\./); // imapflow peeks (BODY.PEEK), which is no reading yet
  const opened = await (await patient.rest("GET", `${patient.address}/messages/${letter.id}`)).json();
  assert.equal(opened.text.trim(), "Bonjour.");

  await doctor.waitFor(doctor.address, "Read: Votre bilan");
  const { items } = await (await doctor.rest("GET", `${doctor.address}/sent`)).json();
  assert.deepEqual(items.map((one) => one.recipients[0].state), ["displayed"]);
});

test("after the end of the conversation the patient is refused", async (t) => {
  const world = await newWorld(t);
  const [doctor, patient] = ["doctor", "patient"].map((role) => new Software(world, role));
  await doctor.send(patient.address, "Votre bilan");
  await patient.waitFor(patient.address, "Votre bilan");
  await patient.send(doctor.address, "Merci");

  await doctor.send(patient.address, "[FIN]");
  await patient.waitFor(patient.address, "[FIN]");
  await assert.rejects(patient.send(doctor.address, "Encore merci"), { responseCode: 550, response: /conversation-closed/ });
});

test("a revoked grant shuts every door", async (t) => {
  const world = await newWorld(t);
  const [doctor, secretary, hospital] = ["doctor", "secretary", "hospital"].map((role) => new Software(world, role));
  await hospital.send(PRACTICE, "Sortie");
  await secretary.waitFor(PRACTICE, "Sortie");
  const token = await control(world, "POST", "/tokens", { who: secretary.persona.login });
  const byToken = { user: PRACTICE, accessToken: token.access_token };
  assert.match(await secretary.read(1, byToken), /^Subject: Sortie\r$/m);

  const grants = await (await doctor.rest("GET", `${PRACTICE}/grants`)).json();
  const hers = grants.find((one) => one.grantee.idnat === secretary.persona.idnat);
  assert.ok((await doctor.rest("DELETE", `${PRACTICE}/grants/${hers.id}`)).ok);

  assert.equal((await secretary.rest("GET", `${PRACTICE}/messages`)).status, 404);
  await assert.rejects(secretary.read(1, byToken), { serverResponseCode: "AUTHORIZATIONFAILED" });
});

test("a letter that nobody opens for a week is on the watch list", async (t) => {
  const world = await newWorld(t);
  const [doctor, patient] = ["doctor", "patient2"].map((role) => new Software(world, role));
  await doctor.send(patient.address, "Rappel", { receipt: true });
  await patient.waitFor(patient.address, "Rappel");

  await control(world, "POST", "/clock/advance", { by: "P7D" });
  const { items } = await (await doctor.rest("GET", `${doctor.address}/watch-list`)).json();
  assert.deepEqual(items.map((one) => [one.subject, one.reason]), [["Rappel", "not_opened"]]);
});

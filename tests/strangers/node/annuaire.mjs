// A directory that is searched and written by fhir-kit-client, as any FHIR server. The argument is JSON: the two base URLs, and the key of an
// operator. What it saw goes to standard output, one JSON value a line; an error ends the program.
import { CapabilityTool, Client } from "fhir-kit-client";

const { search, write, key, address, operations } = JSON.parse(process.argv[2]);
const customHeaders = { "ESANTE-API-KEY": key };
const reader = new Client({ baseUrl: search, customHeaders });
const writer = new Client({ baseUrl: write, customHeaders });
const say = (seen) => console.log(JSON.stringify(seen));
const ranks = (resource) => resource.telecom.map((box) => [box.value, box.rank ?? null]);
const refused = async (asked) => {
  try {
    await asked;
    return "done";
  } catch (error) {
    return [error.response?.status, error.response?.data?.issue?.[0]?.code];
  }
};

const abilities = new CapabilityTool(await reader.capabilityStatement());
say(["search-type", "patch"].map((one) => abilities.resourceCan("Practitioner", one)));

let page = await reader.search({ resourceType: "Practitioner", searchParams: { _count: "4" } });
const ids = [];
while (page) {
  ids.push(...page.entry.map((one) => one.resource.id));
  page = await reader.nextPage({ bundle: page });
}
say([ids.length, new Set(ids).size]);

const found = await reader.search({ resourceType: "Practitioner", searchParams: { "mailbox-mss:exact": address } });
const { id } = found.entry[0].resource;
say(ranks(await reader.read({ resourceType: "Practitioner", id })));

const body = { resourceType: "Parameters", parameter: operations };
const options = { headers: { "Content-Type": "application/fhir+json" } };
say(ranks(await writer.request(`Practitioner/${id}`, { method: "PATCH", body, options })));
say(ranks(await reader.read({ resourceType: "Practitioner", id })));
say(await refused(writer.patch({ resourceType: "Practitioner", id, jsonPatch: [{ op: "remove", path: "/telecom/0" }] })));
say(await refused(writer.request("Practitioner/003-0-000000001", { method: "PATCH", body, options })));
say(await refused(reader.patch({ resourceType: "Practitioner", id, jsonPatch: [] })));

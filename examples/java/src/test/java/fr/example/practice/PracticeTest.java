package fr.example.practice;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import jakarta.mail.AuthenticationFailedException;
import jakarta.mail.SendFailedException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** A practice writes to a patient and to a hospital: each test has a world of its own. */
class PracticeTest {
    private static final String PRACTICE = "tilleuls@cabinet.sim.mssante.fr";

    @RegisterExtension
    final MssSim mss = new MssSim();

    @Test
    void aLetterIsReadAndItsSenderKnows() throws Exception {
        Software doctor = new Software(mss.world, "doctor"), patient = new Software(mss.world, "patient");
        doctor.send(patient.address, "Votre bilan");
        JsonObject letter = patient.waitFor(patient.address, "Votre bilan");
        assertEquals(doctor.address, first(letter.get("from")).get("address").getAsString());

        assertEquals("Bonjour.", patient.read(1).text().strip());

        doctor.waitFor(doctor.address, "Read: Votre bilan");
        JsonObject sent = first(items(doctor.rest("GET", doctor.address + "/sent")));
        assertEquals("displayed", first(sent.get("recipients")).get("state").getAsString());
    }

    @Test
    void afterTheEndOfTheConversationThePatientIsRefused() throws Exception {
        Software doctor = new Software(mss.world, "doctor"), patient = new Software(mss.world, "patient");
        doctor.send(patient.address, "Votre bilan");
        patient.waitFor(patient.address, "Votre bilan");
        patient.send(doctor.address, "Merci");

        doctor.send(patient.address, "[FIN]");
        patient.waitFor(patient.address, "[FIN]");
        SendFailedException refused = assertThrows(SendFailedException.class, () -> patient.send(doctor.address, "Encore merci"));
        assertTrue(refused.getNextException().getMessage().matches("(?s)550 5\\.7\\.1 .*conversation-closed.*"), refused::toString);
    }

    @Test
    void aRevokedGrantShutsEveryDoor() throws Exception {
        Software doctor = new Software(mss.world, "doctor"), secretary = new Software(mss.world, "secretary");
        new Software(mss.world, "hospital").send(PRACTICE, "Sortie");
        secretary.waitFor(PRACTICE, "Sortie");
        JsonObject minted = Rest.control(mss.world, "POST", "/tokens", "{\"who\": \"" + secretary.login + "\"}");
        String token = minted.get("access_token").getAsString();
        assertEquals("Sortie", secretary.read(1, PRACTICE, token).subject());

        for (JsonElement one : doctor.rest("GET", PRACTICE + "/grants").json().getAsJsonArray()) {
            JsonObject grant = one.getAsJsonObject();
            if (grant.getAsJsonObject("grantee").get("idnat").getAsString().equals(secretary.idnat))
                assertEquals(200, doctor.rest("DELETE", PRACTICE + "/grants/" + grant.get("id").getAsString()).status());
        }

        assertEquals(404, secretary.rest("GET", PRACTICE + "/messages").status());
        assertThrows(AuthenticationFailedException.class, () -> secretary.read(1, PRACTICE, token));
    }

    @Test
    void aLetterThatNobodyOpensForAWeekIsOnTheWatchList() throws Exception {
        Software doctor = new Software(mss.world, "doctor"), patient = new Software(mss.world, "patient2");
        doctor.send(patient.address, "Rappel");
        patient.waitFor(patient.address, "Rappel");

        Rest.control(mss.world, "POST", "/clock/advance", "{\"by\": \"P7D\"}");
        JsonArray listed = items(doctor.rest("GET", doctor.address + "/watch-list"));
        assertEquals(1, listed.size());
        assertEquals("Rappel", first(listed).get("subject").getAsString());
        assertEquals("not_opened", first(listed).get("reason").getAsString());
    }

    private static JsonArray items(Rest.Answer page) {
        return page.json().getAsJsonObject().getAsJsonArray("items");
    }

    private static JsonObject first(JsonElement list) {
        return list.getAsJsonArray().get(0).getAsJsonObject();
    }
}

using System.Text.Json.Nodes;
using MailKit.Net.Smtp;
using MailKit.Security;
using Xunit;

namespace Practice.Tests;

/// <summary>A practice writes to a patient and to a hospital: each test has a world of its own.</summary>
public sealed class PracticeTests : MssSim
{
    private const string PracticeMailbox = "tilleuls@cabinet.sim.mssante.fr";

    [Fact]
    public async Task A_letter_is_read_and_its_sender_knows()
    {
        var (doctor, patient) = (new Software(World, "doctor"), new Software(World, "patient"));
        await doctor.SendAsync(patient.Address, "Votre bilan");
        var letter = await patient.WaitForAsync(patient.Address, "Votre bilan");
        Assert.Equal(doctor.Address, letter["from"]![0]!["address"]!.ToString());

        Assert.Equal("Bonjour.", (await patient.ReadAsync(1)).TextBody.Trim()); // MailKit peeks (BODY.PEEK), which is no reading yet
        var (_, opened) = await patient.RestAsync(HttpMethod.Get, $"{patient.Address}/messages/{letter["id"]}");
        Assert.Equal("Bonjour.", opened["text"]!.ToString().Trim());

        await doctor.WaitForAsync(doctor.Address, "Read: Votre bilan");
        var (_, sent) = await doctor.RestAsync(HttpMethod.Get, $"{doctor.Address}/sent");
        Assert.Equal("displayed", sent["items"]![0]!["recipients"]![0]!["state"]!.ToString());
    }

    [Fact]
    public async Task After_the_end_of_the_conversation_the_patient_is_refused()
    {
        var (doctor, patient) = (new Software(World, "doctor"), new Software(World, "patient"));
        await doctor.SendAsync(patient.Address, "Votre bilan");
        await patient.WaitForAsync(patient.Address, "Votre bilan");
        await patient.SendAsync(doctor.Address, "Merci");

        await doctor.SendAsync(patient.Address, "[FIN]");
        await patient.WaitForAsync(patient.Address, "[FIN]");
        var refused = await Assert.ThrowsAsync<SmtpCommandException>(() => patient.SendAsync(doctor.Address, "Encore merci"));
        Assert.Equal(550, (int)refused.StatusCode);
        Assert.Contains("conversation-closed", refused.Message);
    }

    [Fact]
    public async Task A_revoked_grant_shuts_every_door()
    {
        var (doctor, secretary) = (new Software(World, "doctor"), new Software(World, "secretary"));
        await new Software(World, "hospital").SendAsync(PracticeMailbox, "Sortie");
        await secretary.WaitForAsync(PracticeMailbox, "Sortie");
        var token = await ControlAsync(World, HttpMethod.Post, "/tokens", new JsonObject { ["who"] = secretary.Login });
        SaslMechanismOAuth2 ByToken() => new(PracticeMailbox, token!["access_token"]!.ToString());
        Assert.Equal("Sortie", (await secretary.ReadAsync(1, ByToken())).Subject);

        var (_, grants) = await doctor.RestAsync(HttpMethod.Get, $"{PracticeMailbox}/grants");
        var hers = grants.AsArray().Single(one => one!["grantee"]!["idnat"]!.ToString() == secretary.IdNat)!["id"];
        var (revoked, _) = await doctor.RestAsync(HttpMethod.Delete, $"{PracticeMailbox}/grants/{hers}");
        Assert.Equal(200, revoked);

        var (status, _) = await secretary.RestAsync(HttpMethod.Get, $"{PracticeMailbox}/messages");
        Assert.Equal(404, status);
        await Assert.ThrowsAsync<AuthenticationException>(() => secretary.ReadAsync(1, ByToken()));
    }

    [Fact]
    public async Task A_letter_that_nobody_opens_for_a_week_is_on_the_watch_list()
    {
        var (doctor, patient) = (new Software(World, "doctor"), new Software(World, "patient2"));
        await doctor.SendAsync(patient.Address, "Rappel");
        await patient.WaitForAsync(patient.Address, "Rappel");

        await ControlAsync(World, HttpMethod.Post, "/clock/advance", new JsonObject { ["by"] = "P7D" });
        var (_, listed) = await doctor.RestAsync(HttpMethod.Get, $"{doctor.Address}/watch-list");
        var entry = Assert.Single(listed["items"]!.AsArray())!;
        Assert.Equal(("Rappel", "not_opened"), (entry["subject"]!.ToString(), entry["reason"]!.ToString()));
    }
}

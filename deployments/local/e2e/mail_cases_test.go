package e2e_test

import (
	"path/filepath"
	"testing"

	"holdfast/deployments/local/proofs"
)

// mailCases names, for each way in which a mail can go wrong, the tests that show what happens: the file, the test, and what it has about the
// case where it has several. The numbers and the order are those of the list that mails were built by.
var mailCases = []struct {
	number int
	what   string
	proof  []string
}{
	{1, "every graph, state and receiver, frozen", []string{
		mailTests + " TestMailsOfEveryTransition", mailTests + " TestMailsAsTheyAreRead", mailTests + " TestPagesOfMails",
		messageTests + " TestEntriesOfMails",
	}},
	{2, "a commit that is rolled back", []string{"internal/postgres/drains_mails_test.go TestWhatIsRolledBackMakesNoMail"}},
	{3, "the mail server is down for three days", []string{"activities/mail_test.go TestThreeDaysWithoutAMailServer"}},
	{4, "451 once", []string{relayTests + " TestAnswersOfAServer: greylisted"}},
	{5, "550 5.1.1", []string{
		mailE2E + " TestMailsThatAreNotSent: smtp_550", mailerE2E + " TestDeadAddresses",
	}},
	{6, "535", []string{relayTests + " TestSigningIn: 535", mailerE2E + " TestAMailServerOfAnApp"}},
	{7, "cut behind DATA, the same Message-ID", []string{
		relayTests + " TestAnswersOfAServer: hung up", mailerE2E + " TestMailsAreSentAgain",
	}},
	{8, "two workers, one delivery", []string{"activities/drains_test.go TestTakeOver", "activities/drains_test.go TestOnlyAReservationIsLost"}},
	{9, "cancelled before a reminder is sent", []string{reminderE2E + " TestCancelledBetweenDueAndSent"}},
	{10, "moved: the reminder moves, SEQUENCE, UID, thread", []string{
		mailE2E + " TestMails: References", reminderE2E + " TestMailsRemind: reschedule",
	}},
	{11, "CANCEL in header and body, SEQUENCE up", []string{
		mailE2E + " TestMails: CANCEL", entryTests + " TestCalendarEntriesByAnotherLibrary", entryTests + " newLetter: CANCEL",
	}},
	{12, "three moves, the UID of the first", []string{mailE2E + " TestMails: range 3"}},
	{13, "folding, CRLF, escapes", []string{
		entryTests + " checkLines: 75", entryTests + " hostile: emoji", entryTests + " TestCalendarEntriesByAnotherLibrary",
		entryTests + " TestCalendarEntriesByIcalJS", messageTests + " TestNamesInEntries",
	}},
	{14, "subject equals SUMMARY", []string{entryTests + " checkLines: l.subject", mailE2E + " TestMails: SUMMARY"}},
	{15, "From is the ORGANIZER", []string{entryTests + " open: Organizer", mailE2E + " TestMails: mailto:bookings@example.com"}},
	{16, "mails about seats name no other guest", []string{
		mailTests + " TestEachCustomerHasAMailOfTheirOwn", languageE2E + " TestASessionOfAHundredSeatsIsCancelled: somebody else",
	}},
	{17, "Los Angeles and Paris agree", []string{mailTests + " TestZonesAgree"}},
	{18, "the night in which clocks change", []string{mailTests + " TestWhen: 02:30 CEST – 02:30 CET"}},
	{19, "the chain of languages, a text that lacks", []string{
		languageE2E + " TestLanguagesOfMails", mailTests + " TestChoose", mailTests + " TestMissingTextsAreEnglish",
		mailTests + " TestEveryLanguageIsWhole",
	}},
	{20, "from right to left in a subject", []string{mailE2E + " TestMails: قص", mailTests + " TestHostileNames: أحمد"}},
	{21, "line breaks, addresses and 10,000 signs in a name", []string{
		mailTests + " TestHostileNames: 10_000", entryTests + " hostile", messageTests + " TestTheMail",
	}},
	{22, "addresses with other letters", []string{relayTests + " TestWhatArrives", messageTests + " TestAddresses: bücher"}},
	{23, "unsubscribing stops reminders alone", []string{reminderE2E + " TestUnsubscribing"}},
	{24, "scanners move nothing", []string{"deployments/local/e2e/links_test.go TestConfirmPageLinks", "deployments/local/e2e/links_test.go TestLinksThatMustNotAct"}},
	{25, "quiet hours over midnight", []string{"internal/mail/quiet_test.go TestQuietHours", switchE2E + " TestQuietHours"}},
	{26, "grace of a reminder", []string{reminderE2E + " TestLateReminders"}},
	{27, "changes in quick succession", []string{mailE2E + " TestChangesMakeOneMail"}},
	{28, "notify: false", []string{switchE2E + " TestNotify", switchE2E + " TestSilentEnds"}},
	{29, "an unknown variable, a loop, a huge template", []string{templateTests + " TestTemplatesAreChecked", templateE2E + " TestTemplates: unknown variable"}},
	{30, "a template that breaks later", []string{templateTests + " TestOwnTexts: Broken", templateE2E + " TestTemplates: template_failed"}},
	{31, "disable_email and the switches of steps", []string{
		mailE2E + " TestMailsThatAreNotSent: disable_email", switchE2E + " TestSwitchesOfMails",
	}},
	{32, "replays send no mails", []string{mailerE2E + " TestMailsAreSentAgain: replay"}},
	{33, "a customer is erased", []string{mailerE2E + " TestErasedBookings"}},
	{34, "nothing personal in Temporal, logs and metrics", []string{mailE2E + " TestMailsThatAreNotSent: the log has an address"}},
	{35, "a mail server at a private address", []string{
		mailerE2E + " TestWhatAMailServerMayBe", "internal/webhook/dialer_test.go TestDialer",
	}},
	{36, "TLS is missing", []string{relayTests + " TestEncryption: not offered"}},
	{37, "more mails than the pace lets through", []string{mailerE2E + " TestAnAppWithManyMailsDelaysNoOther"}},
	{38, "STOP by SMS", []string{textE2E + " TestStopBySMS"}},
	{39, "a forged notice of a bounce", []string{mailerE2E + " TestMailsThatComeBack"}},
	{40, "a session of a hundred seats is cancelled", []string{languageE2E + " TestASessionOfAHundredSeatsIsCancelled"}},
}

// mostUnproven is how many cases have no test. It only goes down.
const mostUnproven = 0

const (
	mailTests     = "internal/mail/mail_test.go"
	templateTests = "internal/mail/template_test.go"
	messageTests  = "internal/mail/message/message_test.go"
	relayTests    = "deployments/local/mailbox/relay_test.go"
	entryTests    = "deployments/local/conformance/mail_entries_test.go"
	mailE2E       = "deployments/local/e2e/mail_test.go"
	languageE2E   = "deployments/local/e2e/mail_language_test.go"
	reminderE2E   = "deployments/local/e2e/mail_reminders_test.go"
	switchE2E     = "deployments/local/e2e/mail_switches_test.go"
	mailerE2E     = "deployments/local/e2e/mailers_test.go"
	templateE2E   = "deployments/local/e2e/templates_test.go"
	textE2E       = "deployments/local/e2e/text_messages_test.go"
)

// TestEveryMailCaseHasItsTest: what the table names is there.
func TestEveryMailCaseHasItsTest(t *testing.T) {
	t.Parallel()
	unproven := 0
	for i, c := range mailCases {
		if c.number != i+1 {
			t.Errorf("case %d stands at %d", c.number, i+1)
		}
		if len(c.proof) == 0 {
			unproven++
		}
		for _, proof := range c.proof {
			if !proofs.Stand(filepath.Join("..", "..", ".."), proof) {
				t.Errorf("case %d, %s: there is no %s", c.number, c.what, proof)
			}
		}
	}
	if len(mailCases) != 40 || unproven > mostUnproven {
		t.Errorf("%d cases, %d without a test; want 40, and at most %d", len(mailCases), unproven, mostUnproven)
	}
}

package tenant

import "time"

// MailSlot is which mail a text is for: a kind of mails, as internal/mail names it, a receiver (owner or customer), and a language by its
// code of two letters.
type MailSlot struct{ Kind, To, Language string }

// MailTexts are the texts that an app can give a mail. An empty one is the built-in text.
type MailTexts struct {
	Subject, Heading string
	Lead             string // above the facts of the booking; paragraphs are separated by an empty line
	Closing          string // below the links, as Lead
}

// MailTemplate is what an app says in a mail in place of the built-in texts.
type MailTemplate struct {
	MailSlot
	MailTexts
	UpdatedAt time.Time
}

// MailChange is what a template becomes: nil leaves a text as it is, an empty one goes back to the built-in text.
type MailChange struct{ Subject, Heading, Lead, Closing *string }

// Apply returns the texts with the change.
func (c MailChange) Apply(to MailTexts) MailTexts {
	for _, one := range []struct {
		from *string
		into *string
	}{{c.Subject, &to.Subject}, {c.Heading, &to.Heading}, {c.Lead, &to.Lead}, {c.Closing, &to.Closing}} {
		if one.from != nil {
			*one.into = *one.from
		}
	}
	return to
}

package stack

import (
	"context"
	"net"
	"time"

	"holdfast/deployments/local/mailbox"
	"holdfast/internal/config"
)

// mailDelay is shorter than in production: somebody waits for the mail.
const mailDelay = 2 * time.Second

// listenForMails reserves the addresses of the mailbox, which the service then takes for its mail server. A mail server that is named
// replaces it.
func (s *Stack) listenForMails() (smtp, page net.Listener, err error) {
	c := &s.options.Config
	if s.options.MailAddr == "" || c.SMTPURL != "" {
		return nil, nil, nil
	}
	if page, err = net.Listen("tcp", s.options.MailAddr); err != nil {
		return nil, nil, err
	}
	if smtp, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		_ = page.Close()
		return nil, nil, err
	}
	c.SMTPURL, c.MailFrom = config.Secret("smtp://"+smtp.Addr().String()+"?tls=none"), "Holdfast <bookings@example.com>"
	c.MailDelay = mailDelay
	s.MailURL = "http://" + page.Addr().String()
	return smtp, page, nil
}

// serveMails runs the mailbox.
func (s *Stack) serveMails(smtp, page net.Listener) {
	ctx, stop := context.WithCancel(context.Background())
	s.stopMail = stop
	s.running.Go(func() error { return s.report("mailbox", mailbox.New(mailbox.Options{}).Run(ctx, smtp, page)) })
}

-- +goose Up
-- What an app says in a mail in place of the built-in texts, by kind, receiver and language. An empty text is the built-in one.
CREATE TABLE mail_templates (
    app_id uuid NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    kind text NOT NULL,
    recipient text NOT NULL,
    language text NOT NULL,
    subject text NOT NULL DEFAULT '',
    heading text NOT NULL DEFAULT '',
    lead text NOT NULL DEFAULT '',
    closing text NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT mail_templates_pkey PRIMARY KEY (app_id, kind, recipient, language),
    CONSTRAINT mail_templates_recipient_check CHECK (recipient IN ('owner', 'customer')),
    CONSTRAINT mail_templates_size_check CHECK (
        octet_length(subject) + octet_length(heading) + octet_length(lead) + octet_length(closing) <= 65536)
);

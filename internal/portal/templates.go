package portal

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
)

//go:embed pages assets
var files embed.FS

// shared are the parts that every page is made with.
var shared = template.Must(template.New("").Funcs(functions).ParseFS(files, "pages/layout.html", "pages/parts.html"))

// templates are the pages by name. Each has its own "main" and the shared parts.
var templates = readTemplates()

func readTemplates() map[string]*template.Template {
	all := map[string]*template.Template{}
	entries, err := files.ReadDir("pages")
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".html")
		if name != "layout" && name != "parts" {
			all[name] = template.Must(template.Must(shared.Clone()).ParseFS(files, "pages/"+entry.Name()))
		}
	}
	return all
}

// sheet is what a template is given.
type sheet struct {
	Title   string
	Section string // which part of the navigation it belongs to
	App     string // "" before signing in
	CSRF    string
	Notice  string
	Script  string
	Style   string
	Test    bool // the app is for tests
	Page    any
}

// show renders a page. It is rendered whole before the first byte goes out, so that a fault is an honest one.
func (v *visit) show(status int, name, title string, content any) error {
	var text bytes.Buffer
	err := templates[name].ExecuteTemplate(&text, "layout", sheet{
		Title: title, Section: sectionOf(v.r.URL.Path), App: v.app, CSRF: v.csrf(), Notice: v.notice(),
		Script: scriptPath, Style: stylePath, Page: content, Test: isTestApp(v),
	})
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(status)
	_, _ = v.w.Write(text.Bytes()) // the browser may have left
	return nil
}

func sectionOf(address string) string {
	section, _, _ := strings.Cut(strings.TrimPrefix(address, "/portal/"), "/")
	if section == "deliveries" {
		return "webhooks"
	}
	return section
}

// svg answers with a drawing. Its style stands inside it, which its own policy lets pass; as an image it can do nothing.
func (v *visit) svg(text string) error {
	v.w.Header().Set("Content-Type", "image/svg+xml")
	v.w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	_, _ = v.w.Write([]byte(text))
	return nil
}

// assets are the style and the script. Their names change with what is in them, so they may be kept for good.
var (
	assets     = map[string][]byte{}
	stylePath  = asset("portal.css")
	scriptPath = asset("portal.js")
)

func asset(file string) string {
	text, err := files.ReadFile("assets/" + file)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(text)
	ext := path.Ext(file)
	name := strings.TrimSuffix(file, ext) + "." + hex.EncodeToString(sum[:8]) + ext
	assets[name] = text
	return "/portal/assets/" + name
}

var assetTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	text, ok := assets[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	w.Header().Set("Content-Type", assetTypes[path.Ext(r.PathValue("name"))])
	_, _ = w.Write(text)
}

// pretty sets JSON in lines; another text stays as it is.
func pretty(text string) string {
	var out bytes.Buffer
	if json.Indent(&out, []byte(text), "", "  ") != nil {
		return text
	}
	return out.String()
}

// pairs builds a map for a part that needs more than one value.
func pairs(values ...any) (map[string]any, error) {
	all := map[string]any{}
	for i := 0; i+1 < len(values); i += 2 {
		name, ok := values[i].(string)
		if !ok {
			return nil, fmt.Errorf("portal: %v is no name", values[i])
		}
		all[name] = values[i+1]
	}
	return all, nil
}

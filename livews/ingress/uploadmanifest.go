package ingress

import (
	"encoding/xml"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
)

const (
	// maxNamePart bounds an init segment's name in an MPD, and what stands in it for a
	// representation: they are put together, so that a short MPD could mean a long name.
	maxNamePart = maxFile
	// maxListed bounds the representations of an MPD that are looked at.
	maxListed = 1024
)

// errManifest says that an MPD is none.
var errManifest = errors.New("no MPD")

// manifest is what counts of an MPD.
type manifest struct {
	ended bool // its type is static: it is complete
	hints map[string]hint
}

// mpd is an MPD (ISO/IEC 23009-1, 5.3), as far as it counts here.
type mpd struct {
	XMLName xml.Name `xml:"MPD"`
	Type    string   `xml:"type,attr"`
	Periods []struct {
		mpdPart
		Sets []struct {
			mpdPart
			Language        string              `xml:"lang,attr"`
			Representations []mpdRepresentation `xml:"Representation"`
		} `xml:"AdaptationSet"`
	} `xml:"Period"`
}

// mpdRepresentation is a Representation (5.3.5).
type mpdRepresentation struct {
	mpdPart
	ID        string `xml:"id,attr"`
	Bandwidth string `xml:"bandwidth,attr"`
}

// mpdPart is what an element hands down to those in it.
type mpdPart struct {
	MimeType    string `xml:"mimeType,attr"`
	ContentType string `xml:"contentType,attr"`
	Template    struct {
		Initialization string `xml:"initialization,attr"`
	} `xml:"SegmentTemplate"`
}

// parseManifest parses an MPD that lies in the folder dir. Only its last period counts.
func parseManifest(text []byte, dir string) (*manifest, error) {
	var x mpd
	if err := xml.Unmarshal(text, &x); err != nil {
		return nil, fmt.Errorf("%w: %w", errManifest, err)
	}
	// Without the attribute it is static.
	m := &manifest{ended: x.Type != "dynamic", hints: make(map[string]hint)}
	if len(x.Periods) == 0 {
		return m, nil
	}
	period := x.Periods[len(x.Periods)-1]
	listed := 0
	for _, set := range period.Sets {
		for _, rep := range set.Representations {
			part := rep.mpdPart.within(set.mpdPart).within(period.mpdPart)
			if listed++; listed > maxListed || len(m.hints) == maxRepresentations {
				return m, nil
			}
			template := part.Template.Initialization
			if !part.isMedia() || max(len(template), len(rep.ID), len(rep.Bandwidth)) > maxNamePart {
				continue
			}
			bitrate, _ := strconv.ParseUint(rep.Bandwidth, 10, 32) // 0 is not known
			m.hints[rep.key(template, dir)] = hint{bitrate: uint32(bitrate), language: languageOf(set.Language)}
		}
	}
	return m, nil
}

// key returns the key of the representation (see objectKeys) whose init segment has a name
// made of template (ISO/IEC 23009-1, 5.3.9.4.4).
func (r *mpdRepresentation) key(template, dir string) string {
	if template == "" {
		return "representation " + r.ID
	}
	name := strings.NewReplacer("$RepresentationID$", r.ID, "$Bandwidth$", r.Bandwidth).Replace(template)
	key, _ := objectKeys(strings.TrimPrefix(path.Join(dir, name), "./"))
	return key
}

// within returns p with what it does not say itself from the element around it.
func (p mpdPart) within(outer mpdPart) mpdPart {
	if p.MimeType == "" {
		p.MimeType = outer.MimeType
	}
	if p.ContentType == "" {
		p.ContentType = outer.ContentType
	}
	if p.Template.Initialization == "" {
		p.Template.Initialization = outer.Template.Initialization
	}
	return p
}

// isMedia reports whether p is of video or audio, or does not say.
func (p mpdPart) isMedia() bool {
	for _, kind := range [...]string{p.MimeType, p.ContentType} {
		kind, _, _ = strings.Cut(kind, "/")
		if kind != "" && kind != "video" && kind != "audio" {
			return false
		}
	}
	return true
}

// languageOf returns a language as a track has it, which is in three letters.
func languageOf(tag string) string {
	if len(tag) != 3 || strings.ToLower(tag) != tag || tag == "und" {
		return ""
	}
	return tag
}

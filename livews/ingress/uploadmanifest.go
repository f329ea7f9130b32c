package ingress

import (
	"encoding/xml"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
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
			Language        string `xml:"lang,attr"`
			Representations []struct {
				mpdPart
				ID        string `xml:"id,attr"`
				Bandwidth string `xml:"bandwidth,attr"`
			} `xml:"Representation"`
		} `xml:"AdaptationSet"`
	} `xml:"Period"`
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
	for _, set := range period.Sets {
		for _, rep := range set.Representations {
			part := rep.mpdPart.within(set.mpdPart).within(period.mpdPart)
			if !part.isMedia() || len(m.hints) == maxRepresentations {
				continue
			}
			bitrate, _ := strconv.ParseUint(rep.Bandwidth, 10, 32) // 0 is not known
			name := strings.NewReplacer("$RepresentationID$", rep.ID, "$Bandwidth$", rep.Bandwidth).Replace(part.Template.Initialization)
			key := "representation " + rep.ID
			if name != "" {
				key, _ = objectKeys(strings.TrimPrefix(path.Join(dir, name), "./"))
			}
			m.hints[key] = hint{bitrate: uint32(bitrate), language: languageOf(set.Language)}
		}
	}
	return m, nil
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

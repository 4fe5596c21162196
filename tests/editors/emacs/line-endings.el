;;; line-endings.el --- CRLF and characters beyond the basic plane  -*- lexical-binding: t; -*-

;;; Commentary:
;; A file is read and written as it was; test_emacs.py looks at the bytes.

;;; Code:

(require 'support)

(user-run
 (user-open)
 (user-check (eq (coding-system-eol-type buffer-file-coding-system) 1))
 (user-to "def slugify")
 (end-of-line)
 (orps-refine)
 (user-wait-for "the end" (user-among user-said "ORPS: 1 refinement of `slugify`: best "))
 (orps-apply)
 (user-check (string-match-p "string.ascii_lowercase" (user-text)) (user-text))
 (user-check (not (string-match-p "\r" (user-text))) (user-text))
 (save-buffer)
 (user-stop))

;;; line-endings.el ends here

//+------------------------------------------------------------------+
//|                                                       Report.mqh |
//| Results of the Probe, in two files of MQL5\Files: the switches   |
//| of the stand-in terminal (measured ones only), and notes with    |
//| the numbers behind them.                                         |
//+------------------------------------------------------------------+
#include <ExecutionOfficer\Common\Text.mqh>
#include <ExecutionOfficer\Json\Writer.mqh>

#define PROBE_SWITCHES "ExecutionOfficer-probe.json"
#define PROBE_NOTES "ExecutionOfficer-probe-notes.json"
//+------------------------------------------------------------------+
//| Two JSON objects that are filled one member at a time.           |
//+------------------------------------------------------------------+
class CProbeReport
  {
private:
   CJsonWriter       m_switches;
   CJsonWriter       m_notes;

   bool              m_resumed;

   bool              Write(const string name,const string json) const;
   string            Earlier(const string name,const string json) const;

public:
                     CProbeReport(void) { m_resumed=false; }
   void              Start(void);
   void              Resume(void) { m_resumed=true; }
   void              Flag(const string name,const bool value);
   void              Integer(const string name,const long value);
   void              Text(const string name,const string value);
   void              Note(const string name,const string value);
   void              Measure(const string name,const long value);
   bool              Save(void);
  };
//+------------------------------------------------------------------+
//| Start with two empty objects.                                    |
//+------------------------------------------------------------------+
void CProbeReport::Start(void)
  {
   m_switches.Start();
   m_notes.Start();
   m_resumed=false;
  }
//+------------------------------------------------------------------+
//| Add a switch that is true or false.                              |
//+------------------------------------------------------------------+
void CProbeReport::Flag(const string name,const bool value)
  {
   m_switches.Flag(name,value);
   Print("probe: ",name," = ",value ? "true" : "false");
  }
//+------------------------------------------------------------------+
//| Add a switch with a number.                                      |
//+------------------------------------------------------------------+
void CProbeReport::Integer(const string name,const long value)
  {
   m_switches.Integer(name,value);
   Print("probe: ",name," = ",value);
  }
//+------------------------------------------------------------------+
//| Add a switch with a text.                                        |
//+------------------------------------------------------------------+
void CProbeReport::Text(const string name,const string value)
  {
   m_switches.Text(name,value);
   Print("probe: ",name," = ",value);
  }
//+------------------------------------------------------------------+
//| Add a text to the notes.                                         |
//+------------------------------------------------------------------+
void CProbeReport::Note(const string name,const string value)
  {
   m_notes.Text(name,value);
   Print("probe: (",name,": ",value,")");
  }
//+------------------------------------------------------------------+
//| Add a number to the notes.                                       |
//+------------------------------------------------------------------+
void CProbeReport::Measure(const string name,const long value)
  {
   m_notes.Integer(name,value);
   Print("probe: (",name,": ",value,")");
  }
//+------------------------------------------------------------------+
//| Write one file; return false on failure.                         |
//+------------------------------------------------------------------+
bool CProbeReport::Write(const string name,const string json) const
  {
   uchar bytes[];
   int size=TextToUtf8(json+"\n",bytes);
   int file=FileOpen(name,FILE_WRITE|FILE_BIN);
   if(file==INVALID_HANDLE)
     {
      Print("probe: MQL5\\Files\\",name," cannot be written (error ",GetLastError(),")");
      return(false);
     }
   uint written=FileWriteArray(file,bytes,0,size);
   FileFlush(file);
   FileClose(file);
   return(written==(uint)size);
  }
//+------------------------------------------------------------------+
//| Return the members that the file had before the terminal's       |
//| start, followed by these.                                        |
//+------------------------------------------------------------------+
string CProbeReport::Earlier(const string name,const string json) const
  {
   uchar bytes[];
   int file=FileOpen(name,FILE_READ|FILE_BIN);
   if(file==INVALID_HANDLE)
      return(json);
   uint count=FileReadArray(file,bytes);
   FileClose(file);
   string earlier=Trimmed(Utf8ToText(bytes,0,(int)count));
   int end=StringLen(earlier)-1;
   if(end<2 || StringGetCharacter(earlier,end)!='}')
      return(json);
   return(StringSubstr(earlier,0,end)+((json=="{}") ? "" : ",")+StringSubstr(json,1));
  }
//+------------------------------------------------------------------+
//| Write both files; return false on failure.                       |
//+------------------------------------------------------------------+
bool CProbeReport::Save(void)
  {
   string found=m_switches.Result();
   string behind=m_notes.Result();
   bool switches=Write(PROBE_SWITCHES,m_resumed ? Earlier(PROBE_SWITCHES,found) : found);
   bool notes=Write(PROBE_NOTES,m_resumed ? Earlier(PROBE_NOTES,behind) : behind);
   return(switches && notes);
  }
//+------------------------------------------------------------------+
